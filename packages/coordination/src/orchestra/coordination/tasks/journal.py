"""The journal: what agents did, as hooks saw it, kept so that a crash leaves it behind."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

import structlog
from orchestra.coordination.tables import JournalRow, TaskRow
from orchestra.coordination.tasks.rows import leased
from orchestra.coordination.tasks.sessions import bind
from orchestra.coordination.tasks.text import one_line, stored
from orchestra.shared.db import Database
from orchestra.shared.errors import Invalid, Unavailable
from orchestra.shared.identity import Caller
from orchestra.shared.redaction import Redactor
from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

WorkKind = Literal["started", "prompt", "command", "edit", "test", "stopped"]

_KEPT: Mapping[WorkKind, int] = {
    "started": 3,
    "prompt": 5,
    "command": 30,
    "edit": 50,
    "test": 20,
    "stopped": 3,
}
_LONGEST = 300  # characters of what is kept of one event
_READ = 16_384  # characters of it that are looked at
_PATHS = 20
_QUEUE = 1000
_PATIENCE = 10.0  # seconds that others wait for what was noted
_FAREWELL = 3.0  # seconds of it when the server stops
_RETRY = 0.5  # seconds

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WorkEvent:
    """One thing that an agent did. `text` is the prompt, the command, or what was run as a test."""

    kind: WorkKind
    text: str
    paths: tuple[str, ...] = ()
    exit_code: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as it was kept: one line, without secrets."""

    kind: WorkKind
    text: str
    paths: tuple[str, ...]
    exit_code: int | None
    at: datetime


class Journal:
    """Keeps the newest events of each kind for each session, and with which task they belong."""

    def __init__(self, database: Database, *, workspace: str, redactor: Redactor) -> None:
        self._database = database
        self._workspace = workspace
        self._redactor = redactor
        self._queue: asyncio.Queue[tuple[Caller, str, WorkEvent]] = asyncio.Queue(_QUEUE)
        self._writing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to keep what is noted."""
        self._writing = asyncio.create_task(self._write(), name="journal")

    async def close(self) -> None:
        """Keep what was noted, then stop."""
        await self.settle(_FAREWELL)
        if self._writing is not None:
            self._writing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._writing

    async def note(self, caller: Caller, session: str, event: WorkEvent) -> None:
        """Keep an event soon, after those noted before; an agent does not wait for that.

        Raises:
            Unavailable: too many are waiting to be kept.
        """
        try:
            self._queue.put_nowait((caller, session, event))
        except asyncio.QueueFull:
            raise Unavailable(
                f"{_QUEUE} events wait to be kept",
                hint="see `orchestra doctor`: the database is slow",
            ) from None

    async def settle(self, within: float = _PATIENCE) -> None:
        """Wait until what was noted is kept, but not for ever."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._queue.join()

    async def record(self, caller: Caller, session: str, event: WorkEvent) -> None:
        """Keep an event; whoever works on a task that it holds keeps its lease by it.

        Raises:
            NotFound: the session is another principal's.
            Invalid: the session's name or the kind is not one.
        """
        if event.kind not in get_args(WorkKind):
            raise Invalid(f"`{event.kind[:40]}` is no kind of event", hint=", ".join(_KEPT))
        kept = self._kept(event)
        async with self._database.transaction() as db:
            await bind(db, self._workspace, session, caller)
            task = await self._task(db, caller, session)
            row = {"workspace": self._workspace, "session": session, "task_id": task, **kept}
            await db.execute(insert(JournalRow).values(at=func.now(), **row))
            await self._trim(db, session, event.kind)

    async def of_task(self, task_id: str, db: AsyncSession) -> Sequence[Entry]:
        """What was done for a task, newest first, some of each kind."""
        ranked = select(
            JournalRow.id,
            func.row_number()
            .over(partition_by=JournalRow.kind, order_by=JournalRow.id.desc())
            .label("rank"),
        ).where(JournalRow.workspace == self._workspace, JournalRow.task_id == task_id)
        newest = ranked.subquery()
        query = (
            select(JournalRow)
            .join(newest, newest.c.id == JournalRow.id)
            .where(newest.c.rank <= max(_KEPT.values()))
            .order_by(JournalRow.id.desc())
        )
        return [_entry(row) for row in await db.scalars(query)]

    async def adopt(self, db: AsyncSession, session: str, task_id: str) -> None:
        """Let what a session did for no task belong to this one."""
        await db.execute(
            update(JournalRow)
            .where(
                JournalRow.workspace == self._workspace,
                JournalRow.session == session,
                JournalRow.task_id.is_(None),
            )
            .values(task_id=task_id)
        )

    async def _write(self) -> None:
        while True:
            noted = await self._queue.get()
            try:
                while not await self._written(*noted):
                    await asyncio.sleep(_RETRY)
            finally:
                self._queue.task_done()

    async def _written(self, caller: Caller, session: str, event: WorkEvent) -> bool:
        """Keep what was noted; False while the database is away."""
        try:
            await self.record(caller, session, event)
        except Unavailable as error:
            _log.warning("the journal waits for the database", error=error.message)
            return False
        except Exception:  # noqa: BLE001 - the top of the loop `journal`: what comes next is kept still
            _log.exception("an event could not be kept", session=session, kind=event.kind)
        return True

    def _kept(self, event: WorkEvent) -> dict[str, object]:
        text = stored(event.text[:_READ], self._redactor)
        paths = [self._redactor.text(one_line(path, _LONGEST)) for path in event.paths[:_PATHS]]
        return {
            "kind": event.kind,
            "text": one_line(text, _LONGEST),
            "paths": [path for path in paths if path],
            "exit_code": event.exit_code,
        }

    async def _task(self, db: AsyncSession, caller: Caller, session: str) -> str | None:
        """The task that the session works on, its lease begun anew."""
        held = (
            select(TaskRow, func.now())
            .where(
                TaskRow.workspace == self._workspace,
                TaskRow.holder_id == caller.principal_id,
                TaskRow.state == "claimed",
                TaskRow.lease_until > func.now(),
                or_(TaskRow.session == session, TaskRow.session.is_(None)),
            )
            .order_by(TaskRow.session.is_(None), TaskRow.claimed_at.desc())
            .limit(1)
            .with_for_update(of=TaskRow)
        )
        found = (await db.execute(held)).one_or_none()
        if found is None or not leased(*found):
            return None
        until = func.now() + func.make_interval(0, 0, 0, 0, 0, 0, TaskRow.lease_seconds)
        await db.execute(
            update(TaskRow)
            .where(TaskRow.id == found[0].id)
            .values(lease_until=func.greatest(TaskRow.lease_until, until))
            .execution_options(synchronize_session=False)
        )
        return str(found[0].id)

    async def _trim(self, db: AsyncSession, session: str, kind: WorkKind) -> None:
        mine = (
            JournalRow.workspace == self._workspace,
            JournalRow.session == session,
            JournalRow.kind == kind,
        )
        last_kept = (
            select(JournalRow.id)
            .where(*mine)
            .order_by(JournalRow.id.desc())
            .offset(_KEPT[kind] - 1)
            .limit(1)
            .scalar_subquery()
        )
        await db.execute(delete(JournalRow).where(*mine, JournalRow.id < last_kept))


def _entry(row: JournalRow) -> Entry:
    return Entry(row.kind, row.text, tuple(row.paths), row.exit_code, row.at)  # type: ignore[arg-type]  # recorded kinds only
