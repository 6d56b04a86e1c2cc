"""What a hand-off has to know of the repository and of the live context."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Relation = Literal["same", "ahead", "diverged", "unknown"]
"""How HEAD stands to a commit: at it, after it, beside or before it, or never heard of it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the repository is. `dirty` are files with changes that are not committed."""

    head: str | None
    branch: str | None
    dirty: tuple[str, ...]


class Worktree(Protocol):
    """The checked-out repository."""

    async def standing(self) -> Standing:
        """Where it is now."""

    async def relation(self, commit: str, head: str | None) -> Relation:
        """How `head`, or what is checked out if it is None, stands to `commit`."""

    async def missing(self, paths: Sequence[str]) -> list[str]:
        """Those of the paths that do not exist."""


class LiveContext(Protocol):
    """The versioned context of the repository."""

    def version(self) -> str:
        """Where it is: `epoch:seq`."""

    def changed_since(self, version: str) -> list[str] | None:
        """The topics that have changed since; None when that is not known any more."""
