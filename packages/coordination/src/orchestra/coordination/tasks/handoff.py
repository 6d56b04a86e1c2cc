"""A hand-off as its readers get it, and what somebody hands over."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from orchestra.coordination.tasks.packet import Packet
from orchestra.coordination.tasks.progress import Progress
from orchestra.coordination.tasks.task import NewTask, Task

HandoffState = Literal["waiting", "accepted", "withdrawn", "lapsed"]
HOLDS = 60, 604_800
"""For how many seconds, at least and at most, a task is kept for whom it is handed to."""
HOLD = 3600


@dataclass(frozen=True, slots=True)
class Handoff:
    """A task on its way. `recipient` is None when anybody may accept it.

    `lapsed`: whom it was for did not come in time, and somebody else claimed the task.
    """

    id: str
    task_id: str
    title: str
    state: HandoffState
    sender: str
    recipient: str | None
    packet: Packet
    tokens: int
    created_at: datetime
    reserved_until: datetime | None
    closed_at: datetime | None
    closed_by: str | None


@dataclass(frozen=True, slots=True)
class Handover:
    """What a holder hands over: a task that it holds by `token`, or a new one.

    `to` is an agent's name, or None for anybody. `head` is the commit that the holder has checked
    out, where that is not the served repository.
    """

    task: str | NewTask
    token: int | None = None
    to: str | None = None
    progress: Progress = field(default_factory=Progress)
    session: str | None = None
    seconds: int = HOLD
    head: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was when the task was handed over."""

    code: Literal[
        "head-unknown",
        "head-diverged",
        "head-moved",
        "no-head",
        "changes-gone",
        "files-missing",
        "context-drift",
        "context-unknown",
        "secrets-removed",
    ]
    text: str

    @property
    def refuses(self) -> bool:
        """Whether it takes `anyway` to accept in spite of it."""
        return self.code in ("head-unknown", "head-diverged")


@dataclass(frozen=True, slots=True)
class Accepted:
    """A hand-off that the caller won: the task with its new token, and what has become stale."""

    handoff: Handoff
    task: Task
    findings: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for an agent: a hand-off, or a task that its last holder left behind.

    `id` is that of the hand-off, or of the task. `goal` and `next_step` are one line each, and data.
    """

    id: str
    title: str
    sender: str
    goal: str
    next_step: str
    kind: Literal["handoff", "left"]
    to_me: bool
    packet: str
    """As a model reads it, at most 600 tokens; empty for a task that was left behind."""
