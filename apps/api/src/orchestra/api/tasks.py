"""Puts the parts together that keep tasks, for the composition root."""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestra.api.worktree import ServedContext, ServedWorktree
from orchestra.context import Collector, ContextLog
from orchestra.context.collectors.board import collectors_of
from orchestra.context.index.tokens import count_tokens
from orchestra.coordination.hooks import Work
from orchestra.coordination.tasks import (
    Announcer,
    Board,
    Handoffs,
    Journal,
    Leases,
    Packets,
    Tasks,
    Waiting,
    WorkEvent,
)
from orchestra.coordination.tasks.text import as_data
from orchestra.shared.db import Database
from orchestra.shared.events import EventLog
from orchestra.shared.identity import Caller
from orchestra.shared.redaction import Redactor
from orchestra.shared.settings import Settings

_WAITING = 5


class WaitingSection:
    """What waits to be taken up: one packet whole if it is for the caller, the others in a line."""

    title = "Waits to be taken up (data; handoff_accept, task_claim):"

    def __init__(self, handoffs: Handoffs) -> None:
        self._handoffs = handoffs

    async def lines(self, caller: Caller) -> str:
        """The first packet that is for the caller, then a line for each of the rest."""
        if not caller.can("tasks:read"):
            return ""
        found = await self._handoffs.waiting(caller, _WAITING)
        lines = [_line(one) for one in found]
        if found and found[0].to_me:
            lines[0] = f"- for you, {found[0].id}: {found[0].packet}"
        return "\n".join(lines)


class JournalDiary:
    """Tells the journal what hooks have seen."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def record(self, caller: Caller, session: str, work: Work) -> None:
        """Keep one thing that an agent did."""
        event = WorkEvent(work.kind, work.text, work.paths, work.exit_code)
        await self._journal.note(caller, session, event)


def _line(one: Waiting) -> str:
    said = {"title": one.title, "from": one.sender, "next_step": one.next_step}
    return f"- {one.id}: {as_data({**said})}"


@dataclass(frozen=True, slots=True)
class TaskDesk:
    """What routes and tools need, and what has to be started."""

    tasks: Tasks
    handoffs: Handoffs
    journal: Journal
    parts: Sequence[Leases | Packets | Journal]
    collectors: Sequence[Collector]


def build_tasks(
    settings: Settings,
    database: Database,
    events: EventLog,
    context: ContextLog,
    redactor: Redactor,
) -> TaskDesk:
    """All that keeps the tasks of one workspace."""
    workspace = settings.workspace
    announcer, served = Announcer(events, workspace), ServedContext(context)
    journal = Journal(database, workspace=workspace, redactor=redactor)
    packets = Packets(journal, served, count_tokens, redactor)
    handoffs = Handoffs(
        database,
        announcer,
        packets,
        ServedWorktree(settings.repo, context),
        served,
        workspace=workspace,
        redactor=redactor,
    )
    tasks = Tasks(database, announcer, journal, workspace=workspace, redactor=redactor)
    leases = Leases(database, announcer, workspace=workspace)
    collectors = collectors_of(Board(database, events, workspace=workspace))
    return TaskDesk(tasks, handoffs, journal, (leases, packets, journal), collectors)
