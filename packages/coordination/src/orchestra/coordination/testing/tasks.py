"""For tests: the tasks of a workspace over a real database, a repository to compare with, callers."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from orchestra.coordination.tasks.announcer import Announcer
from orchestra.coordination.tasks.handoffs import Handoffs
from orchestra.coordination.tasks.journal import Journal
from orchestra.coordination.tasks.leases import Leases
from orchestra.coordination.tasks.packets import Packets
from orchestra.coordination.tasks.packing import Count
from orchestra.coordination.tasks.surroundings import Relation, Standing
from orchestra.coordination.tasks.tasks import Tasks
from orchestra.shared.db import SCHEMA, Database
from orchestra.shared.events import EventLog
from orchestra.shared.identity import Caller, Kind
from orchestra.shared.redaction import Redactor
from sqlalchemy import text

WORKSPACE = "test"


def caller(name: str, kind: Kind = "agent") -> Caller:
    """Somebody with a key for tasks."""
    scopes = frozenset({"tasks:read", "tasks:write"})
    return Caller(f"prn_{name}", name, kind, f"key_{name}", scopes, None)


@dataclass
class KnownCommits:
    """A worktree of which a test says where it is and which commits it knows."""

    head: str | None = "a" * 40
    dirty: tuple[str, ...] = ()
    relations: dict[str, Relation] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    meanwhile: Callable[[], Awaitable[None]] | None = None
    """What happens while it is asked how commits stand to each other."""

    async def standing(self) -> Standing:
        """Where it is now."""
        return Standing(self.head, "main", self.dirty)

    async def relation(self, commit: str, head: str | None) -> Relation:
        """`same` for the commit that is checked out, else what the test said."""
        if self.meanwhile is not None:
            await self.meanwhile()
        same = commit == (head or self.head)
        return "same" if same else self.relations.get(commit, "unknown")

    async def missing(self, paths: Sequence[str]) -> list[str]:
        """Those that the test did not make."""
        return [path for path in paths if path not in self.files]


@dataclass
class CountedContext:
    """A context whose changes a test makes."""

    changes: list[str] = field(default_factory=list)

    def version(self) -> str:
        """How many changes there were."""
        return f"test:{len(self.changes)}"

    def changed_since(self, version: str) -> list[str] | None:
        """What the changes after that number were of."""
        return sorted(set(self.changes[int(version.partition(":")[2]) :]))


class TaskDesk:
    """All that this folder brings, wired as the application wires it."""

    def __init__(self, database: Database, events: EventLog, count: Count) -> None:
        self.database = database
        self.events = events
        self.redactor = Redactor()
        self.worktree = KnownCommits()
        self.context = CountedContext()
        workspace, redactor = WORKSPACE, self.redactor
        announcer = Announcer(events, workspace)
        self.journal = Journal(database, workspace=workspace, redactor=redactor)
        self.tasks = Tasks(
            database, announcer, self.journal, workspace=workspace, redactor=redactor
        )
        self.leases = Leases(database, announcer, workspace=workspace)
        packets = Packets(self.journal, self.context, count, redactor)
        self.handoffs = Handoffs(
            database,
            announcer,
            packets,
            self.worktree,
            self.context,
            workspace=workspace,
            redactor=redactor,
        )

    async def let_time_pass(self, seconds: float) -> None:
        """Move every lease and reservation into the past, as if so much time had gone by."""
        move = (
            f"update {SCHEMA}.tasks set"  # noqa: S608 - a constant
            " lease_until = lease_until - make_interval(secs => :s),"
            " reserved_until = reserved_until - make_interval(secs => :s)"
        )
        async with self.database.transaction() as session:
            await session.execute(text(move), {"s": seconds})

    async def age(self, days: int) -> None:
        """Make all that was closed or seen so many days older."""
        for table, column in (("tasks", "closed_at"), ("agent_sessions", "seen_at")):
            move = f"update {SCHEMA}.{table} set {column} = {column} - make_interval(days => :d)"  # noqa: S608 - constants
            async with self.database.transaction() as session:
                await session.execute(text(move), {"d": days})

    async def told(self) -> list[str]:
        """The kinds of events that were told so far."""
        return [event.kind for event in await self.events.read(f"tasks/{WORKSPACE}")]
