"""Tasks: who holds which, what was done for it, and how it goes from one agent to the next."""

from orchestra.coordination.tasks.announcer import Announcer
from orchestra.coordination.tasks.board import Board
from orchestra.coordination.tasks.handoff import (
    Accepted,
    Finding,
    Handoff,
    HandoffState,
    Handover,
    Waiting,
)
from orchestra.coordination.tasks.handoffs import Handoffs
from orchestra.coordination.tasks.journal import Journal, WorkEvent
from orchestra.coordination.tasks.leases import Leases
from orchestra.coordination.tasks.packet import Packet
from orchestra.coordination.tasks.packets import Packets
from orchestra.coordination.tasks.progress import Decision, Progress
from orchestra.coordination.tasks.surroundings import LiveContext, Relation, Standing, Worktree
from orchestra.coordination.tasks.task import Claim, Latest, NewTask, State, Task, TaskPage
from orchestra.coordination.tasks.tasks import Tasks

__all__ = [
    "Accepted",
    "Announcer",
    "Board",
    "Claim",
    "Decision",
    "Finding",
    "Handoff",
    "HandoffState",
    "Handoffs",
    "Handover",
    "Journal",
    "Latest",
    "Leases",
    "LiveContext",
    "NewTask",
    "Packet",
    "Packets",
    "Progress",
    "Relation",
    "Standing",
    "State",
    "Task",
    "TaskPage",
    "Tasks",
    "Waiting",
    "WorkEvent",
    "Worktree",
]
