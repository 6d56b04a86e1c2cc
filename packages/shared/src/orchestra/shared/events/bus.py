"""How processes tell each other that a stream has grown: hints, never the events themselves."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Protocol

import asyncpg
import orjson
import structlog
from orchestra.shared.db import RAW_LOST, Database
from orchestra.shared.errors import Unavailable

CHANNEL = "orchestra_streams"
_COALESCE = 0.01  # seconds: one NOTIFY for all appends within it
_RETRY = 0.5  # seconds until the first attempt to listen again
LONGEST = 15.0  # seconds between later ones

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


class Coalescing:
    """Gathers announcements for a moment, so that a burst of appends costs one message."""

    def __init__(self) -> None:
        self._heads: dict[str, int] = {}
        self._due = asyncio.Event()

    def announce(self, heads: Heads) -> None:
        """Say that these streams have grown."""
        self._heads.update(heads)
        self._due.set()

    async def next(self) -> bytes:
        """The next message, once there is something to say."""
        await self._due.wait()
        await asyncio.sleep(_COALESCE)
        self._due.clear()
        heads, self._heads = self._heads, {}
        message = orjson.dumps(heads)
        return message if len(message) < 7000 else b"{}"  # NOTIFY takes 8,000 bytes at most


class Outage:
    """Says once that a carrier is away and once that it is back; its pauses grow meanwhile."""

    def __init__(self, carrier: str, longest: float) -> None:
        self._carrier = carrier
        self._longest = longest
        self._pause = _RETRY
        self._since: float | None = None

    def began(self, error: Exception) -> None:
        """The carrier was lost."""
        if self._since is None:
            self._since = asyncio.get_running_loop().time()
            said = str(error) if isinstance(error, Unavailable) else type(error).__name__
            _log.warning("event bus lost its carrier", carrier=self._carrier, error=said)

    async def wait(self) -> None:
        """Wait before it is tried again, longer each time."""
        await asyncio.sleep(self._pause)
        self._pause = min(self._pause * 2, self._longest)

    def ended(self) -> None:
        """It is there again."""
        if self._since is not None:
            seconds = round(asyncio.get_running_loop().time() - self._since, 1)
            _log.info("event bus has its carrier again", carrier=self._carrier, after=seconds)
        self._since, self._pause = None, _RETRY


class PostgresBus:
    """One LISTEN connection per process; NOTIFY is sent off the path of the writers."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._outbox = Coalescing()
        self._outage = Outage("PostgreSQL", _RETRY)  # nothing goes on without it
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
        await cancel(self._task)

    async def _serve(self, hear: Hear, ready: asyncio.Event) -> None:
        def on_notify(*message: object) -> None:
            hear(orjson.loads(str(message[-1])))

        while True:
            try:
                connection = await self._database.connect()
                try:
                    await connection.add_listener(CHANNEL, on_notify)
                    self._outage.ended()
                    hear({})  # what was announced while nobody listened
                    ready.set()
                    while True:
                        message = await self._outbox.next()
                        await connection.execute(
                            "select pg_notify($1, $2)", CHANNEL, message.decode()
                        )
                finally:
                    connection.terminate()
            except (Unavailable, *RAW_LOST, asyncpg.PostgresError) as error:
                self._outage.began(error)
                ready.set()
                await self._outage.wait()


async def cancel(task: "asyncio.Task[None] | None") -> None:
    """End a task and wait for its end."""
    if task is not None:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
