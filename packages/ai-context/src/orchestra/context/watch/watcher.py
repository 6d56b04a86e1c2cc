"""What every way of watching offers, what it needs to know, and the choice between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

Mode = Literal["inotify", "watchfiles", "poll"]


@dataclass(frozen=True, slots=True)
class Places:
    """What is watched: the working tree (None: there is none) and git's own folders.

    `git` is the folder of this working tree, `common` the one that linked worktrees share.
    """

    root: Path | None
    git: Path
    common: Path


@dataclass(frozen=True, slots=True)
class WatchState:
    """How watching goes. `degraded` says what is not watched and why, in a sentence."""

    mode: Mode
    folders: int = 0
    degraded: str | None = None
    rescans: int = 0
    lossy: bool = False
    """Changes may go unreported: only reading everything again finds them."""


class Rules(Protocol):
    """Knows which folders matter; asked from the watching thread."""

    def wanted(self, folders: Sequence[bytes]) -> list[bool]:
        """For each folder, whether a change inside it may matter."""


class Watcher(Protocol):
    """Reports changes into its mailbox, from its own thread."""

    def start(self) -> None:
        """Begin; returns at once. The first batch is a rescan, sent when all is watched."""

    def barrier(self, token: int) -> None:
        """Send `token` after everything that has happened until now."""

    def refresh(self) -> None:
        """The rules or the tracked folders have changed: watch what they want now."""

    def state(self) -> WatchState:
        """How watching goes now."""

    def stop(self) -> None:
        """End the thread and wait for it."""
