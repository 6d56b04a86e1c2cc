"""What one process tells the others and the operator: budgets that were set, prices that nobody knows."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog
from orchestra.shared.errors import OrchestraError
from orchestra.shared.events import EventLog
from orchestra.shared.json import JsonObject

STREAM = "gateway"
_QUEUE = 256
_TOLD = 4096

_log = structlog.get_logger(__name__)


class Notices:
    """Appends to the stream `gateway` and hears what others append."""

    def __init__(self, events: EventLog) -> None:
        self._events = events
        self._queue: asyncio.Queue[tuple[str, JsonObject]] = asyncio.Queue(_QUEUE)
        self._told: set[tuple[str, str]] = set()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, heard: Callable[[str, JsonObject], Awaitable[None]]) -> None:
        """Begin; `heard` gets the kind and the data of each event that is appended from now on."""
        head = await self._events.head(STREAM)
        after = head.seq if head else 0
        self._tasks = [
            asyncio.create_task(self._hear(heard, after), name="gateway-notices"),
            asyncio.create_task(self._tell(), name="gateway-alerts"),
        ]

    async def close(self) -> None:
        """Stop."""
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def alert(self, kind: str, subject: str, data: JsonObject) -> None:
        """Tell once for each subject; who calls does not wait, and what is too much is left out."""
        if (kind, subject) in self._told or len(self._told) >= _TOLD:
            return
        with contextlib.suppress(asyncio.QueueFull):
            self._queue.put_nowait((kind, data))
            self._told.add((kind, subject))

    async def say(self, kind: str, data: JsonObject, *, actor: str) -> None:
        """Append an event."""
        await self._events.append(STREAM, kind, data, actor=actor)

    async def _tell(self) -> None:
        while True:
            kind, data = await self._queue.get()
            _log.warning(kind, **data)
            try:
                await self.say(kind, data, actor="orchestra")
            except OrchestraError as error:
                _log.warning("an alert is not in the event log", error=error.message)

    async def _hear(self, heard: Callable[[str, JsonObject], Awaitable[None]], after: int) -> None:
        async for event in self._events.follow(STREAM, after=after):
            try:
                await heard(event.kind, event.data)
            except OrchestraError as error:
                _log.warning("an event of the gateway was not followed", error=error.message)
