"""How processes tell each other that a stream has grown: hints, never the events themselves."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Protocol

import asyncpg
import orjson
import structlog
from orchestra.shared.db import Database
from orchestra.shared.errors import Unavailable
from redis.asyncio import Redis
from redis.exceptions import RedisError

_CHANNEL = "orchestra_streams"
_COALESCE = 0.01  # seconds: one NOTIFY for all appends within it
_RETRY = 0.5  # seconds between attempts to listen again

Heads = Mapping[str, int]
"""The last number of each stream that has grown; empty = hints may have been missed."""
Hear = Callable[[Heads], None]

_log = structlog.get_logger(__name__)


class Bus(Protocol):
    """Carries hints between processes; a lost hint delays a reader and never costs an event."""

    async def start(self, hear: Hear) -> None:
        """Begin to listen; `hear` is called on the event loop."""

    def announce(self, heads: Heads) -> None:
        """Tell the other processes, soon."""

    async def close(self) -> None:
        """Stop listening."""


class _Coalescing:
    """Gathers announcements for a moment, so that a burst of appends costs one message."""

    def __init__(self) -> None:
        self._heads: dict[str, int] = {}
        self._due = asyncio.Event()

    def announce(self, heads: Heads) -> None:
        self._heads.update(heads)
        self._due.set()

    async def next(self) -> bytes:
        await self._due.wait()
        await asyncio.sleep(_COALESCE)
        self._due.clear()
        heads, self._heads = self._heads, {}
        message = orjson.dumps(heads)
        return message if len(message) < 7000 else b"{}"  # NOTIFY takes 8,000 bytes at most


class PostgresBus:
    """One LISTEN connection per process; NOTIFY is sent off the path of the writers."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._outbox = _Coalescing()
        self._task: asyncio.Task[None] | None = None

    async def start(self, hear: Hear) -> None:
        """Listen, and keep listening over lost connections."""
        ready = asyncio.Event()
        self._task = asyncio.create_task(self._serve(hear, ready), name="events-bus")
        await ready.wait()

    def announce(self, heads: Heads) -> None:
        """Send one NOTIFY for all heads announced within the next moment."""
        self._outbox.announce(heads)

    async def close(self) -> None:
        """Stop listening."""
        await _cancel(self._task)

    async def _serve(self, hear: Hear, ready: asyncio.Event) -> None:
        def on_notify(*message: object) -> None:
            hear(orjson.loads(str(message[-1])))

        while True:
            try:
                connection = await self._database.connect()
                try:
                    await connection.add_listener(_CHANNEL, on_notify)
                    hear({})  # what was announced while nobody listened
                    ready.set()
                    while True:
                        message = await self._outbox.next()
                        await connection.execute(
                            "select pg_notify($1, $2)", _CHANNEL, message.decode()
                        )
                finally:
                    connection.terminate()
            except (Unavailable, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                _log.warning("event bus lost its connection", error=str(error))
                ready.set()
                await asyncio.sleep(_RETRY)


class RedisBus:
    """The same hints over Redis, for several hosts; the record stays in PostgreSQL."""

    def __init__(self, url: str) -> None:
        self._redis: Redis = Redis.from_url(url, socket_connect_timeout=5, health_check_interval=15)
        self._outbox = _Coalescing()
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
            await _cancel(task)
        await self._redis.aclose()

    async def _listen(self, hear: Hear, ready: asyncio.Event) -> None:
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.subscribe(_CHANNEL)
                    hear({})
                    ready.set()
                    async for message in pubsub.listen():
                        if message["type"] == "message":
                            hear(orjson.loads(message["data"]))
            except (RedisError, OSError) as error:
                _log.warning("event bus lost Redis", error=type(error).__name__)
                ready.set()
                await asyncio.sleep(_RETRY)

    async def _send(self) -> None:
        while True:
            message = await self._outbox.next()
            try:
                await self._redis.publish(_CHANNEL, message)
            except (RedisError, OSError) as error:
                _log.warning("event bus could not announce", error=type(error).__name__)


async def _cancel(task: "asyncio.Task[None] | None") -> None:
    if task is not None:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
