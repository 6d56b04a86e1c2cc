"""A note as its readers get it, alone, found, or just added."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

Kind = Literal["decision", "gotcha", "convention", "fact", "failure"]
Trust = Literal["person", "agent", "untrusted"]
"""Whose word it is; `untrusted` quotes text from outside, whoever wrote it down."""
State = Literal["current", "superseded", "expired", "forgotten"]
Way = Literal["words", "meaning"]
"""How a note was found: by the words of the question, or by the vector of it."""

KINDS: tuple[Kind, ...] = get_args(Kind)
STATES: tuple[State, ...] = get_args(State)


@dataclass(frozen=True, slots=True)
class Note:
    """One thing worth knowing. Its text never changes: what replaces it is another note.

    `scope` is `repository` (true wherever it is checked out), `workspace` (of this checkout and
    machine) or `agent:<name>` (seen by that principal alone). `commit` is the head at which it
    was written, when that was known.
    """

    id: str
    text: str
    kind: Kind
    scope: str
    tags: tuple[str, ...]
    paths: tuple[str, ...]
    author: str
    trust: Trust
    commit: str | None
    created_at: datetime
    expires_at: datetime | None
    superseded_by: str | None
    forgotten_by: str | None
    state: State


@dataclass(frozen=True, slots=True)
class Hit:
    """A note that a search found. `score` orders the hits of one search and means nothing else."""

    note: Note
    score: float
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Notes, newest first; `before` asks for those that follow, None when there are none."""

    notes: tuple[Note, ...]
    before: str | None


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a draft: a new note, or, when `duplicate`, the one that says the same.

    `similar` are current notes of the same scope that may have to be superseded by it.
    """

    note: Note
    duplicate: bool
    similar: tuple[Note, ...] = ()
