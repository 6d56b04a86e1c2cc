"""For tests: a memory whose clock the test moves, and callers who use it."""

from datetime import UTC, datetime, timedelta

from orchestra.context.memory import Draft, Embedder, Limits, Memory, Note
from orchestra.shared.db import Database
from orchestra.shared.events import EventLog
from orchestra.shared.identity import Caller, Kind
from orchestra.shared.redaction import Redactor

WORKSPACE = "shop-0123abcd"


def caller(name: str, kind: Kind = "agent", *scopes: str) -> Caller:
    """Somebody who may read and write notes, and whatever else is said."""
    may = frozenset({"memory:read", "memory:write", *scopes})
    return Caller(f"prn_{name}", name, kind, f"key_{name}", may, None)


ADA = caller("ada", "human")
ROOT = caller("root", "human", "admin")
CLAUDE = caller("claude")
CODEX = caller("codex")


class Clock:
    """A time that passes only when it is told to, but never stands still between two readings."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        """What time it is."""
        self.now += timedelta(milliseconds=1)
        return self.now

    def pass_by(self, **time: float) -> None:
        """Let so much time pass, in the words of `timedelta`."""
        self.now += timedelta(**time)


class Notebook:
    """A memory and its clock, with short words for what tests do most."""

    def __init__(
        self,
        database: Database,
        events: EventLog,
        embedder: Embedder,
        *,
        workspace: str = WORKSPACE,
        limits: Limits | None = None,
    ) -> None:
        self.clock = Clock()
        self.head: str | None = "a" * 40
        self.memory = Memory(
            database,
            events,
            embedder,
            workspace=workspace,
            redactor=Redactor(),
            head=lambda: self.head,
            limits=limits or Limits(per_minute=10_000),
            clock=self.clock,
        )

    async def note(self, text: str, by: Caller = CLAUDE, scope: str = "repository") -> Note:
        """Add a note; it must be a new one."""
        added = await self.memory.add(Draft(text, scope=scope), by)
        if added.duplicate:
            raise AssertionError(f"`{text}` is `{added.note.id}`")
        return added.note

    async def texts(self, by: Caller) -> list[str]:
        """What somebody sees, oldest first."""
        page = await self.memory.newest(by, limit=1000)
        return [note.text for note in reversed(page.notes)]

    async def found(self, question: str, by: Caller = CLAUDE) -> list[str]:
        """What somebody finds, best first."""
        return [hit.note.text for hit in await self.memory.search(question, caller=by)]
