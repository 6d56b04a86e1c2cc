"""A reader's place in the stream: `<epoch>:<seq>`."""

import re
from dataclasses import dataclass

from orchestra.shared.errors import Invalid

_FORM = re.compile(r"([0-9a-f]{32}):(0|[1-9][0-9]{0,17})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last event that a reader has. Of another epoch it says nothing about this log."""

    epoch: str
    seq: int

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """The cursor that a text is.

        Raises:
            Invalid: it is none.
        """
        match = _FORM.fullmatch(text)
        if match is None:
            raise Invalid(
                f"`{text[:80]}` is not a place in the context stream",
                hint="send the `id` of the last event that you got, or none for a snapshot",
            )
        return cls(match[1], int(match[2]))

    def __str__(self) -> str:
        return f"{self.epoch}:{self.seq}"
