"""Hints over Redis. On its own: whoever has no Redis does not pay for the import of its client."""

import asyncio

import orjson
from orchestra.shared.events.bus import CHANNEL, LONGEST, Coalescing, Heads, Hear, Outage, cancel
from redis.asyncio import Redis
from redis.exceptions import RedisError


class RedisBus:
    """The same hints over Redis, for several hosts; the record stays in PostgreSQL."""

    def __init__(self, url: str) -> None:
        self._redis: Redis = Redis.from_url(url, socket_connect_timeout=5, health_check_interval=15)
        self._outbox = Coalescing()
        self._outage = Outage("Redis", LONGEST)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, hear: Hear) -> None:
        """Subscribe, and keep subscribing over lost connections."""
        ready = asyncio.Event()
        self._tasks = [
            asyncio.create_task(self._listen(hear, ready), name="events-bus-in"),
            asyncio.create_task(self._send(), name="events-bus-out"),
        ]
        await ready.wait()

    def announce(self, heads: Heads) -> None:
        """Publish one message for all heads announced within the next moment."""
        self._outbox.announce(heads)

    async def close(self) -> None:
        """Stop listening and disconnect."""
        for task in self._tasks:
            await cancel(task)
        await self._redis.aclose()

    async def _listen(self, hear: Hear, ready: asyncio.Event) -> None:
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.subscribe(CHANNEL)
                    self._outage.ended()
                    hear({})
                    ready.set()
                    async for message in pubsub.listen():
                        if message["type"] == "message":
                            hear(orjson.loads(message["data"]))
            except (RedisError, OSError) as error:
                self._outage.began(error)
                ready.set()
                await self._outage.wait()

    async def _send(self) -> None:
        outage = Outage("Redis, to announce", LONGEST)
        while True:
            message = await self._outbox.next()
            try:
                await self._redis.publish(CHANNEL, message)
                outage.ended()
            except (RedisError, OSError) as error:
                outage.began(error)
