"""Where the context server gets the context from."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from orchestra.context import Delta
from orchestra.shared.json import JsonObject


class ContextSource(Protocol):
    """What is needed of the context log."""

    epoch: str
    seq: int
    document: JsonObject
    """`{"topics": {name: fact}}` as it is after change number `seq`."""

    def since(self, seq: int) -> Sequence[Delta] | None:
        """The changes after number `seq`, or None when they are not all there any more."""

    def grown(self) -> asyncio.Event:
        """An event that is set when there is a newer change; ask again for each wait."""
