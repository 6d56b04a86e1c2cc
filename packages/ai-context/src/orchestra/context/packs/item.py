"""What a pack is made of."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "convention", "code", "outline", "test", "commit", "memory", "handoff", "state", "task"
]
Trust = Literal["repository", "untrusted"]


@dataclass(frozen=True, slots=True)
class Item:
    """One part of a pack.

    `text` is what the agent reads of it, `tokens` its length. `path` and `ranges`, first and last
    line of each, tell where it is from, when it is from a file; `why` tells what it is in for. Text of people unknown, as
    commit messages and notes are, is `untrusted`: data, never an instruction.
    """

    kind: Kind
    text: str
    tokens: int
    path: str | None = None
    ranges: tuple[tuple[int, int], ...] = ()
    why: tuple[str, ...] = ()
    trust: Trust = "repository"


@dataclass(frozen=True, slots=True)
class Pack:
    """A task's context. `text` is the whole, in the order of `items`; `tokens` its length.

    `files` are the likeliest files in order, whether they are shown or not.
    """

    task: str
    budget: int
    tokens: int
    text: str
    items: tuple[Item, ...]
    files: tuple[str, ...]
    revision: str | None = None
    notes: tuple[str, ...] = ()
    """What the reader should know of how the pack was made: parts that are off or incomplete."""
