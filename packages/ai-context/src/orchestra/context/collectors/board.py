"""Who works on what, and what waits to be taken up, as soon as it changes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Literal, Protocol

from orchestra.context.facts import Collector, Observation, Publish, Topic
from orchestra.shared.json import JsonObject

_LOOK = 15.0  # seconds between looks when nothing is told: an announcement may be lost
_PACE = 0.02  # seconds between two publications


class Board(Protocol):
    """What is needed of whoever keeps the tasks."""

    async def claims(self) -> JsonObject:
        """The tasks that are held."""

    async def handoffs(self) -> JsonObject:
        """The hand-offs that wait."""

    def changes(self) -> AsyncIterator[None]:
        """One item at once, and one for each change from then on."""


class BoardCollector:
    """One topic of the board: looked at when a change is told, and now and then."""

    def __init__(self, board: Board, topic: Literal["claims", "handoffs"]) -> None:
        self.topic: Topic = topic
        self._board = board
        self._read: Callable[[], Awaitable[JsonObject]] = (
            board.claims if topic == "claims" else board.handoffs
        )
        self._publish: Publish | None = None

    async def run(self, publish: Publish) -> None:
        """Publish what is on the board until cancelled."""
        self._publish = publish
        changed = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._hear(changed))
                while True:
                    changed.clear()
                    await self._look(publish)
                    await asyncio.sleep(_PACE)
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(_LOOK):
                            await changed.wait()
        except* Exception as errors:  # noqa: BLE001 - the engine wants the first, to say what it was
            raise errors.exceptions[0] from None
        finally:
            self._publish = None

    async def settle(self) -> None:
        """Publish what is on the board now."""
        if self._publish is not None:
            await self._look(self._publish)

    async def _look(self, publish: Publish) -> None:
        await publish(Observation(await self._read(), source="tasks"))

    async def _hear(self, changed: asyncio.Event) -> None:
        async for _ in self._board.changes():
            changed.set()


def collectors_of(board: Board) -> list[Collector]:
    """A collector for each topic of the board."""
    return [BoardCollector(board, "claims"), BoardCollector(board, "handoffs")]
