"""Lists of tasks, page by page."""

from collections.abc import Sequence

from orchestra.coordination.tables import TaskRow
from orchestra.coordination.tasks import rows
from orchestra.coordination.tasks.task import STATES, Latest, State, TaskPage
from orchestra.shared.identity import Caller
from sqlalchemy import ColumnElement, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession


async def page(
    session: AsyncSession,
    workspace: str,
    caller: Caller,
    states: Sequence[State],
    limit: int,
    after: str | None,
) -> TaskPage:
    """Tasks in those states; live ones by priority and age, if closed ones are wanted newest first.

    Raises:
        NotFound: there is no task `after`.
    """
    live = set(states) <= {"open", "claimed"}
    conditions = [TaskRow.workspace == workspace, or_(*map(rows.state_is, states))]
    if after is not None:
        last, _ = await rows.read(session, workspace, after)
        conditions.append(_beyond(last, live=live))
    order = (
        (TaskRow.priority, TaskRow.created_at, TaskRow.id)
        if live
        else (TaskRow.created_at.desc(), TaskRow.id.desc())
    )
    query = select(TaskRow, func.now()).where(*conditions).order_by(*order).limit(limit + 1)
    found = [rows.task_of(row, now, caller) for row, now in await session.execute(query)]
    return TaskPage(
        tasks=tuple(found[:limit]),
        after=found[limit - 1].id if len(found) > limit else None,
        counts=await _counts(session, workspace),
    )


async def latest(
    session: AsyncSession,
    workspace: str,
    caller: Caller,
    states: Sequence[State],
    limit: int,
    after: str | None,
    context_id: str | None,
) -> Latest:
    """Tasks in those states, of that context if one is named; the one that changed last first.

    Raises:
        NotFound: there is no task `after`.
    """
    wanted = [TaskRow.workspace == workspace, or_(*map(rows.state_is, states))]
    if context_id is not None:
        context_id = context_id.replace("\0", "\ufffd")  # which PostgreSQL cannot be asked for
        wanted.append(or_(TaskRow.context_id == context_id, TaskRow.id == context_id))
    total = await session.scalar(select(func.count()).select_from(TaskRow).where(*wanted))
    if after is not None:
        last, _ = await rows.read(session, workspace, after)
        place = tuple_(TaskRow.updated_at, TaskRow.id)
        wanted.append(place < tuple_(last.updated_at, last.id))
    order = (TaskRow.updated_at.desc(), TaskRow.id.desc())
    query = select(TaskRow, func.now()).where(*wanted).order_by(*order).limit(limit + 1)
    found = [rows.task_of(row, now, caller) for row, now in await session.execute(query)]
    return Latest(
        tasks=tuple(found[:limit]),
        after=found[limit - 1].id if len(found) > limit else None,
        total=total or 0,
    )


def _beyond(last: TaskRow, *, live: bool) -> ColumnElement[bool]:
    if live:
        place = tuple_(TaskRow.priority, TaskRow.created_at, TaskRow.id)
        return place > tuple_(last.priority, last.created_at, last.id)
    return tuple_(TaskRow.created_at, TaskRow.id) < tuple_(last.created_at, last.id)


async def _counts(session: AsyncSession, workspace: str) -> dict[State, int]:
    columns = [func.count().filter(rows.state_is(state)) for state in STATES]
    query = select(*columns).where(TaskRow.workspace == workspace)
    return dict(zip(STATES, (await session.execute(query)).one(), strict=True))
