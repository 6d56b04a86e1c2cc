"""The tasks of a workspace: created, claimed by one at a time, and closed."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from orchestra.coordination.tables import TaskRow
from orchestra.coordination.tasks import listing, rows
from orchestra.coordination.tasks.announcer import Announcer
from orchestra.coordination.tasks.claiming import check_claimable, check_lease, is_again
from orchestra.coordination.tasks.closing import check_cancel, close, withdraw_handoff
from orchestra.coordination.tasks.drafts import row_of
from orchestra.coordination.tasks.journal import Journal
from orchestra.coordination.tasks.progress import LONGEST, Progress, prepared
from orchestra.coordination.tasks.sessions import bind
from orchestra.coordination.tasks.task import LEASE, Latest, NewTask, State, Task, TaskPage
from orchestra.coordination.tasks.text import checked
from orchestra.shared.db import Database
from orchestra.shared.identity import Caller
from orchestra.shared.redaction import Redactor
from sqlalchemy.ext.asyncio import AsyncSession


class Tasks:
    """Tasks in PostgreSQL. A claim is a lease with a fencing token, decided in one transaction.

    Times are the database's. Each new claim has a greater token than all before it; whatever the
    holder writes names its token, and is refused once another has the task.
    """

    def __init__(
        self,
        database: Database,
        announcer: Announcer,
        journal: Journal,
        *,
        workspace: str,
        redactor: Redactor,
    ) -> None:
        """`journal` keeps what was done for a task, before the task changes."""
        self._journal = journal
        self._database = database
        self._announcer = announcer
        self._workspace = workspace
        self._redactor = redactor

    async def create(self, draft: NewTask, caller: Caller) -> Task:
        """Put a task on the list; one that the caller made by the same key is found again.

        Raises:
            Invalid: it has no title, a path or the priority is not one, or there are too many.
            TooLarge: a text is too long.
        """
        async with self._database.transaction() as session:
            row, now, fresh = await row_of(session, draft, caller, self._workspace, self._redactor)
            task = rows.task_of(row, now, caller)
        if fresh:
            await self._announcer.tell("task.created", caller.name, task=task.id)
        return task

    async def show(self, id: str, caller: Caller) -> Task:
        """One task.

        Raises:
            NotFound: there is none.
        """
        async with self._database.transaction() as session:
            row, now = await rows.read(session, self._workspace, id)
            return rows.task_of(row, now, caller)

    async def list(
        self,
        caller: Caller,
        states: Sequence[State] = ("open", "claimed"),
        *,
        limit: int = 50,
        after: str | None = None,
    ) -> TaskPage:
        """Tasks in those states: live ones by priority and age, closed ones newest first.

        Raises:
            NotFound: there is no task `after`.
        """
        async with self._database.transaction() as session:
            return await listing.page(session, self._workspace, caller, states, limit, after)

    async def latest(
        self,
        caller: Caller,
        states: Sequence[State],
        *,
        limit: int,
        after: str | None = None,
        context_id: str | None = None,
    ) -> Latest:
        """Tasks in those states, of that context if one is named; the one that changed last first.

        Raises:
            NotFound: there is no task `after`.
        """
        async with self._database.transaction() as session:
            return await listing.latest(
                session, self._workspace, caller, states, limit, after, context_id
            )

    async def claim(
        self, id: str, caller: Caller, *, seconds: int = LEASE, session: str | None = None
    ) -> Task:
        """Hold a task for so many seconds; to claim what one holds only makes that longer.

        Raises:
            NotFound: there is no such task, or the session is not the caller's.
            Conflict: somebody else holds it, it waits in a hand-off, or it is closed.
            Invalid: a lease cannot be so long or short.
        """
        check_lease(seconds)
        async with self._changing(id) as (db, row, now):
            if session is not None:
                await bind(db, self._workspace, session, caller)
            again = is_again(row, now, caller, session)
            until = now + timedelta(seconds=seconds)
            if again:
                row.lease_until = max(until, row.lease_until or until)
                row.session = session or row.session
            else:
                check_claimable(row, now)
                await withdraw_handoff(db, row, now, "lapsed")
                rows.give(row, caller, now, until, session)
            task = rows.task_of(row, now, caller)
        if not again:
            await self._announcer.tell(
                "task.claimed", caller.name, task=id, token=row.token, until=rows.shown(until)
            )
        return task

    async def renew(self, id: str, caller: Caller, *, token: int, seconds: int = LEASE) -> Task:
        """Hold a task for so many seconds from now.

        Raises:
            NotFound, Conflict: there is no such task, or the caller does not hold it by that token.
            Invalid: a lease cannot be so long or short.
        """
        check_lease(seconds)
        async with self._holding(id, caller, token) as (_, row, now):
            row.lease_until = now + timedelta(seconds=seconds)
            row.lease_seconds = seconds
            return rows.task_of(row, now, caller)

    async def update(
        self,
        id: str,
        caller: Caller,
        progress: Progress,
        *,
        token: int,
        goal: str | None = None,
    ) -> Task:
        """Note how far the task is; the lease begins anew.

        Raises:
            NotFound, Conflict: there is no such task, or the caller does not hold it by that token.
            Invalid, TooLarge: what was said cannot be kept.
        """
        said = prepared(progress, self._redactor)
        goal = None if goal is None else checked(goal, "goal", 4 * LONGEST, self._redactor)
        async with self._holding(id, caller, token) as (_, row, now):
            known = Progress.model_validate(row.progress)
            row.progress = rows.stored_progress(known.merged(said))
            row.goal = row.goal if goal is None else goal
            row.updated_at = now
            row.lease_until = _later(row, now)
            task = rows.task_of(row, now, caller)
        await self._announcer.tell("task.updated", caller.name, task=id)
        return task

    async def release(self, id: str, caller: Caller, *, token: int) -> Task:
        """Give a task back, for anybody to claim.

        Raises:
            NotFound, Conflict: there is no such task, or the caller does not hold it by that token.
        """
        async with self._holding(id, caller, token) as (_, row, now):
            rows.take(row, now)
            row.left_by = caller.name
            task = rows.task_of(row, now, caller)
        await self._announcer.tell("task.released", caller.name, task=id)
        return task

    async def complete(self, id: str, caller: Caller, *, token: int, result: str = "") -> Task:
        """Close a task as done; to do so again by the same token changes nothing.

        Raises:
            NotFound, Conflict: there is no such task, or the caller does not hold it by that token.
            TooLarge: the result is too long.
        """
        said = checked(result, "result", 4 * LONGEST, self._redactor)
        async with self._changing(id) as (_, row, now):
            if (row.state, row.token, row.holder_id) == ("done", token, caller.principal_id):
                return rows.task_of(row, now, caller)
            rows.check_token(row, now, caller, token)
            close(row, "done", now, caller, said)
            task = rows.task_of(row, now, caller)
        await self._announcer.tell("task.done", caller.name, task=id)
        return task

    async def cancel(self, id: str, caller: Caller, *, reason: str = "") -> Task:
        """Close a task that shall not be done; whoever holds it finds its token stale.

        Raises:
            NotFound: there is no such task.
            Forbidden: somebody else holds it, or made it, and the caller is no person.
            Conflict: it is done.
        """
        said = checked(reason, "reason", 4 * LONGEST, self._redactor)
        async with self._changing(id) as (session, row, now):
            if row.state == "cancelled":
                return rows.task_of(row, now, caller)
            check_cancel(row, now, caller)
            await withdraw_handoff(session, row, now, "withdrawn", caller)
            close(row, "cancelled", now, caller, said)
            task = rows.task_of(row, now, caller)
        await self._announcer.tell("task.cancelled", caller.name, task=id)
        return task

    @asynccontextmanager
    async def _changing(self, id: str) -> AsyncGenerator[tuple[AsyncSession, TaskRow, datetime]]:
        await self._journal.settle()
        async with self._database.transaction() as session:
            row, now = await rows.lock(session, self._workspace, id)
            yield session, row, now

    @asynccontextmanager
    async def _holding(
        self, id: str, caller: Caller, token: int
    ) -> AsyncGenerator[tuple[AsyncSession, TaskRow, datetime]]:
        async with self._changing(id) as (session, row, now):
            rows.check_token(row, now, caller, token)
            yield session, row, now


def _later(row: TaskRow, now: datetime) -> datetime:
    """The end of the lease as it is, or as it would be if it began now: whichever is later."""
    fresh = now + timedelta(seconds=row.lease_seconds or LEASE)
    return max(fresh, row.lease_until or fresh)
