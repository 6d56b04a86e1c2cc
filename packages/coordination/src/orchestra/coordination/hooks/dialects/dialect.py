"""What a dialect does: reads one agent's events, and writes answers that it understands."""

from collections.abc import Iterator
from typing import Protocol

from orchestra.coordination.hooks.event import HookEvent
from orchestra.shared.json import JsonObject

_PATCHED = ("*** Add File: ", "*** Update File: ", "*** Delete File: ", "*** Move to: ")


class Dialect(Protocol):
    """One agent's way to speak."""

    def read(self, payload: JsonObject) -> HookEvent | None:
        """The event, or None where it is not one that is answered.

        Raises:
            Invalid: the payload is not what the agent sends.
        """

    def told(self, event: HookEvent, text: str) -> JsonObject:
        """The answer that gives the agent a text to read; nothing where the text is empty."""

    def allowed(self, event: HookEvent, reason: str) -> JsonObject:
        """The answer that lets a call through without asking the person at the terminal."""

    def denied(self, event: HookEvent, reason: str) -> JsonObject:
        """The answer that stops a call."""


def paths_of_patch(patch: str) -> Iterator[str]:
    """The files that a patch in the form of `apply_patch` writes."""
    for line in patch.splitlines():
        for head in _PATCHED:
            if line.startswith(head):
                yield line.removeprefix(head).strip()
