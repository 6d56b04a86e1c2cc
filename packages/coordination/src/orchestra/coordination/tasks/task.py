"""A task as its readers get it, and what somebody wants done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from orchestra.coordination.tasks.progress import Progress

State = Literal["open", "claimed", "done", "cancelled"]
STATES: tuple[State, ...] = get_args(State)

LEASES = 30, 86_400
"""The shortest and longest lease, in seconds."""
LEASE = 900


@dataclass(frozen=True, slots=True)
class Claim:
    """Who holds a task, and until when. `token` and `session` are for the holder's eyes."""

    holder: str
    since: datetime
    until: datetime
    token: int | None
    session: str | None


@dataclass(frozen=True, slots=True)
class Task:
    """Something to be done. `state` is as of the asking: a claim that is over is none.

    `handoff` is the hand-off that waits for somebody to accept it, `reserved_for` whom it is for,
    `left_by` who held it last and let the lease run out. `mine`: the asker holds it. `context_id`
    is what tasks have in common that belong together; a task of none has its own id there.
    """

    id: str
    title: str
    goal: str
    state: State
    priority: int
    paths: tuple[str, ...]
    progress: Progress
    creator: str
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    result: str | None
    claim: Claim | None
    handoff: str | None
    reserved_for: str | None
    reserved_until: datetime | None
    left_by: str | None
    mine: bool
    context_id: str


@dataclass(frozen=True, slots=True)
class NewTask:
    """What is to be done. `priority` is from 0, at once, to 4, some day.

    `key` is the creator's own name for it: the same key gives the same task. `context_id` is that
    of the tasks to which it belongs.
    """

    title: str
    goal: str = ""
    priority: int = 2
    paths: Sequence[str] = ()
    key: str | None = None
    context_id: str | None = None


@dataclass(frozen=True, slots=True)
class TaskPage:
    """Tasks in order; `after` asks for those that follow, None when there are none."""

    tasks: tuple[Task, ...]
    after: str | None
    counts: dict[State, int]


@dataclass(frozen=True, slots=True)
class Latest:
    """Tasks, the one that changed last first; `total` is how many there are on all pages."""

    tasks: tuple[Task, ...]
    after: str | None
    total: int
