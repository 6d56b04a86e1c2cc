"""Asks git for the status of all paths or of some, and reads its answer."""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestra.context.git.command import Git

_STATUS = (
    "--literal-pathspecs",
    "status",
    "--porcelain=v2",
    "-z",
    "--untracked-files=all",
    "--ignore-submodules=dirty",
    "--no-renames",
)
_FIELDS = {b"1": 8, b"u": 10}  # how many fields stand before the path


@dataclass(frozen=True, slots=True)
class PathStatus:
    """The two columns of git's status: `.` unchanged, `?` untracked, else git's letter."""

    index: str = "."
    worktree: str = "."
    conflicted: bool = False

    @property
    def clean(self) -> bool:
        """Nothing to tell about this path."""
        return self.index == "." and self.worktree == "."


def full_status(git: Git) -> dict[bytes, PathStatus]:
    """The status of the whole working tree: costly, for the start and for after a loss."""
    return parse_status(git.run(*_STATUS))


def status_of(git: Git, paths: Sequence[bytes]) -> dict[bytes, PathStatus]:
    """The status of these paths and all that is under them, in one call."""
    return parse_status(git.run(*_STATUS, "--", *paths))


def parse_status(output: bytes) -> dict[bytes, PathStatus]:
    """Read porcelain v2 with NUL ends. A path that is deleted and untracked has both columns."""
    found: dict[bytes, PathStatus] = {}
    for item in output.split(b"\0"):
        kind, _, rest = item.partition(b" ")
        if kind == b"?":
            known = found.get(rest)
            found[rest] = PathStatus(known.index if known else ".", "?")
        elif kind in _FIELDS:
            fields = item.split(b" ", _FIELDS[kind])
            letters = fields[1].decode("ascii")
            found[fields[-1]] = PathStatus(letters[0], letters[1], kind == b"u")
    return found
