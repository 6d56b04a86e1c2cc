"""Tasks as the table has them, by the clock of the database."""

import secrets
from datetime import datetime
from typing import Any, cast

from orchestra.coordination.tables import TaskRow
from orchestra.coordination.tasks.progress import Progress
from orchestra.coordination.tasks.task import Claim, State, Task
from orchestra.shared.errors import Conflict, NotFound
from orchestra.shared.identity import Caller
from orchestra.shared.json import JsonObject
from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession


def new_id(prefix: str) -> str:
    """An identifier that nobody can guess."""
    return f"{prefix}_{secrets.token_hex(8)}"


async def lock(session: AsyncSession, workspace: str, id: str) -> tuple[TaskRow, datetime]:
    """The task, changed by nobody else until the transaction ends; and the database's time.

    Raises:
        NotFound: there is none.
    """
    query = _query(workspace, id).with_for_update(of=TaskRow)
    return _found((await session.execute(query)).one_or_none(), id)


async def read(session: AsyncSession, workspace: str, id: str) -> tuple[TaskRow, datetime]:
    """The task as it is, and the database's time.

    Raises:
        NotFound: there is none.
    """
    return _found((await session.execute(_query(workspace, id))).one_or_none(), id)


def _query(workspace: str, id: str) -> Select[TaskRow, datetime]:
    wanted = id.replace("\0", "\ufffd")  # which PostgreSQL cannot be asked for
    return select(TaskRow, func.now()).where(TaskRow.id == wanted, TaskRow.workspace == workspace)


def _found(row: Any, id: str) -> tuple[TaskRow, datetime]:  # noqa: ANN401 - a row of two columns
    if row is None:
        raise NotFound(f"there is no task `{id[:40]}`", hint="see `orchestra tasks list`")
    return row[0], row[1]


def state_of(row: TaskRow, now: datetime) -> State:
    """The state as of now: a claim whose lease is over is none."""
    return "open" if row.state == "claimed" and not leased(row, now) else cast("State", row.state)


def leased(row: TaskRow, now: datetime) -> bool:
    """Whether somebody holds the task."""
    return row.state == "claimed" and row.lease_until is not None and row.lease_until > now


def reserved(row: TaskRow, now: datetime) -> bool:
    """Whether the task is kept for those who may accept its hand-off."""
    return row.handoff_id is not None and (row.reserved_until is None or row.reserved_until > now)


def state_is(state: State) -> ColumnElement[bool]:
    """The condition that a task is in that state as of now."""
    over = and_(TaskRow.state == "claimed", TaskRow.lease_until <= func.now())
    if state == "open":
        return or_(TaskRow.state == "open", over)
    if state == "claimed":
        return and_(TaskRow.state == "claimed", TaskRow.lease_until > func.now())
    return TaskRow.state == state


def task_of(row: TaskRow, now: datetime, caller: Caller) -> Task:
    """The task that a row is, as the caller may see it."""
    held = leased(row, now)
    mine = held and row.holder_id == caller.principal_id
    claim = None
    if held and row.claimed_at is not None and row.lease_until is not None:
        claim = Claim(
            holder=row.holder or "",
            since=row.claimed_at,
            until=row.lease_until,
            token=row.token if mine else None,
            session=row.session if mine else None,
        )
    kept = reserved(row, now)
    return Task(
        id=row.id,
        title=row.title,
        goal=row.goal,
        state=state_of(row, now),
        priority=row.priority,
        paths=tuple(row.paths),
        progress=Progress.model_validate(row.progress),
        creator=row.creator,
        created_at=row.created_at,
        updated_at=row.updated_at,
        closed_at=row.closed_at,
        closed_by=row.holder if row.closed_at else None,
        result=row.result,
        claim=claim,
        handoff=row.handoff_id if kept else None,
        reserved_for=row.reserved_for if kept else None,
        reserved_until=row.reserved_until if kept else None,
        left_by=row.holder if row.state == "claimed" and not held else row.left_by,
        mine=mine,
        context_id=row.context_id or row.id,
    )


def check_token(row: TaskRow, now: datetime, caller: Caller, token: int) -> None:
    """Do nothing when the caller holds the task by that token.

    Raises:
        Conflict: it does not, or not any more; nothing may be written.
    """
    again = f"see it with `orchestra tasks show {row.id}`; nothing was written"
    if row.state in ("done", "cancelled"):
        raise Conflict(f"the task `{row.id}` is {row.state}", hint=again)
    if leased(row, now):
        if row.holder_id == caller.principal_id and row.token == token:
            return
        if row.holder_id == caller.principal_id:
            raise Conflict(
                f"the fencing token `{token}` is stale: you hold `{row.id}` by a newer one",
                hint="go on with the token of your last claim; nothing was written",
            )
        raise Conflict(
            f"the task `{row.id}` is held by {row.holder} until {shown(row.lease_until)}",
            hint=f"stop working on it; {again}",
        )
    if row.holder_id == caller.principal_id and row.token == token:
        raise Conflict(
            f"your lease of `{row.id}` ended at {shown(row.lease_until)}",
            hint="claim it again for a new token; nothing was written",
        )
    raise Conflict(
        f"nobody holds the task `{row.id}`, so the fencing token `{token}` is stale",
        hint="claim it for a new token; nothing was written",
    )


def give(row: TaskRow, caller: Caller, now: datetime, until: datetime, session: str | None) -> None:
    """Let the caller hold the task by a new token."""
    row.token += 1
    row.state = "claimed"
    row.holder_id, row.holder, row.session = caller.principal_id, caller.name, session
    row.claimed_at, row.lease_until, row.updated_at = now, until, now
    row.lease_seconds = int((until - now).total_seconds())
    row.left_by = row.handoff_id = row.reserved_for = row.reserved_until = None


def take(row: TaskRow, now: datetime) -> None:
    """Let nobody hold the task."""
    row.state = "open"
    row.holder_id = row.holder = row.session = None
    row.claimed_at = row.lease_until = row.lease_seconds = None
    row.updated_at = now


def stored_progress(progress: Progress) -> JsonObject:
    """The progress as the table has it."""
    return progress.model_dump(mode="json", exclude_defaults=True)


def shown(at: datetime | None) -> str:
    """A time as messages have it."""
    return "?" if at is None else at.isoformat(timespec="seconds").replace("+00:00", "Z")
