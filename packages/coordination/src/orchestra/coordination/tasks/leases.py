"""Sees leases run out: offers the tasks again, tells of it, and forgets what is long over."""

import asyncio
import contextlib
from datetime import datetime, timedelta

import structlog
from orchestra.coordination.tables import AgentSessionRow, HandoffRow, JournalRow, TaskRow
from orchestra.coordination.tasks import rows
from orchestra.coordination.tasks.announcer import Announcer
from orchestra.shared.db import Database
from orchestra.shared.errors import OrchestraError
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

_LOOK = 5.0  # seconds between looks, at most
_LEAST = 0.05
_SWEEP = 3600.0  # seconds between two sweeps of what is long over
_KEEP_CLOSED = timedelta(days=90)
_KEEP_SESSIONS = timedelta(days=30)

_log = structlog.get_logger(__name__)


class Leases:
    """A loop in each process; whichever is first tells. Readers need none of it: they compare times."""

    def __init__(self, database: Database, announcer: Announcer, *, workspace: str) -> None:
        self._database = database
        self._announcer = announcer
        self._workspace = workspace
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run(), name="leases")

    async def close(self) -> None:
        """Stop looking."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def reoffer(self) -> list[str]:
        """Offer the tasks whose lease is over; returns their ids."""
        async with self._database.transaction() as session:
            query = select(TaskRow, func.now()).where(
                TaskRow.workspace == self._workspace,
                TaskRow.state == "claimed",
                TaskRow.lease_until <= func.now(),
            )
            over = [_left(*row) for row in await session.execute(query.with_for_update())]
        for id, holder in over:
            await self._announcer.tell("task.expired", "orchestra", task=id, holder=holder)
        return [id for id, _ in over]

    async def sweep(self) -> None:
        """Forget tasks that were closed, and sessions that were seen, long ago."""
        async with self._database.transaction() as session:
            await _forget_closed(session, self._workspace)
            await _forget_sessions(session, self._workspace)

    async def _run(self) -> None:
        clock = asyncio.get_running_loop().time
        swept = clock() - _SWEEP
        while True:
            pause = _LOOK
            try:
                await self.reoffer()
                if clock() - swept >= _SWEEP:
                    await self.sweep()
                    swept = clock()
                pause = await self._next()
            except OrchestraError as error:
                _log.warning("leases cannot be looked at", error=str(error))
            await asyncio.sleep(pause)

    async def _next(self) -> float:
        """Seconds until the next lease is over, by the clock of the database."""
        query = select(func.min(TaskRow.lease_until), func.now()).where(
            TaskRow.workspace == self._workspace, TaskRow.state == "claimed"
        )
        async with self._database.transaction() as session:
            until, now = (await session.execute(query)).one()
        return _LOOK if until is None else min(max((until - now).total_seconds(), _LEAST), _LOOK)


def _left(row: TaskRow, now: datetime) -> tuple[str, str]:
    holder = row.holder or "?"
    rows.take(row, now)
    row.left_by = holder
    return row.id, holder


async def _forget_closed(session: AsyncSession, workspace: str) -> None:
    old = select(TaskRow.id).where(
        TaskRow.workspace == workspace, TaskRow.closed_at < func.now() - _KEEP_CLOSED
    )
    for table in (JournalRow, HandoffRow):
        await session.execute(delete(table).where(table.task_id.in_(old)))
    await session.execute(delete(TaskRow).where(TaskRow.id.in_(old)))


async def _forget_sessions(session: AsyncSession, workspace: str) -> None:
    old = (
        AgentSessionRow.workspace == workspace,
        AgentSessionRow.seen_at < func.now() - _KEEP_SESSIONS,
    )
    names = select(AgentSessionRow.session).where(*old)
    await session.execute(
        delete(JournalRow).where(JournalRow.workspace == workspace, JournalRow.session.in_(names))
    )
    await session.execute(delete(AgentSessionRow).where(*old))
