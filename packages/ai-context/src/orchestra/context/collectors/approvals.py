"""What waits for a person's decision, and what was decided lately."""

from collections.abc import AsyncIterator
from typing import Protocol

from orchestra.context.facts import Observation, Publish, Topic
from orchestra.shared.json import JsonObject


class Board(Protocol):
    """What is needed of the keeper of approvals."""

    def values(self) -> AsyncIterator[JsonObject]:
        """What there is now, then again after each change, for ever."""

    async def value(self) -> JsonObject:
        """What there is now."""


class PendingApprovals:
    """Pushes every request and decision as it happens, whichever process it happens in."""

    topic: Topic = "approvals"

    def __init__(self, board: Board) -> None:
        self._board = board
        self._publish: Publish | None = None

    async def run(self, publish: Publish) -> None:
        """Publish for as long as the system runs."""
        self._publish = publish
        async for value in self._board.values():
            await publish(Observation(value, source="approvals"))

    async def settle(self) -> None:
        """Publish what there is now."""
        if self._publish is not None:
            await self._publish(Observation(await self._board.value(), source="approvals"))
