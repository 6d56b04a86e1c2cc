"""The end of a task, and of a hand-off that nobody accepted."""

from datetime import datetime
from typing import Literal

from orchestra.coordination.tables import HandoffRow, TaskRow
from orchestra.coordination.tasks.rows import leased
from orchestra.shared.errors import Conflict, Forbidden
from orchestra.shared.identity import Caller
from sqlalchemy.ext.asyncio import AsyncSession


def close(
    row: TaskRow, state: Literal["done", "cancelled"], now: datetime, caller: Caller, said: str
) -> None:
    """Close the task in that state. `holder` is from now on who closed it."""
    row.state, row.result = state, said or None
    row.holder_id, row.holder = caller.principal_id, caller.name
    row.closed_at = row.updated_at = now
    row.session = row.claimed_at = row.lease_until = row.lease_seconds = None
    row.left_by = row.handoff_id = row.reserved_for = row.reserved_until = None


def check_cancel(row: TaskRow, now: datetime, caller: Caller) -> None:
    """Do nothing when the caller may cancel the task.

    Raises:
        Conflict: it is done.
        Forbidden: somebody else holds it, or made it, and the caller is no person.
    """
    if row.state == "done":
        raise Conflict(f"the task `{row.id}` is done", hint="create a new one")
    if caller.kind == "human":
        return
    owner, name = row.creator_id, row.creator
    if leased(row, now):
        owner, name = row.holder_id or owner, row.holder or name
    if owner != caller.principal_id:
        raise Forbidden(
            f"the task `{row.id}` is {name}'s", hint=f"ask {name} or a person to cancel it"
        )


async def withdraw_handoff(
    session: AsyncSession,
    row: TaskRow,
    now: datetime,
    state: Literal["withdrawn", "lapsed"],
    caller: Caller | None = None,
) -> None:
    """Close the hand-off in which a task waits, if it does."""
    if row.handoff_id is None:
        return
    handoff = await session.get_one(HandoffRow, row.handoff_id)
    handoff.state, handoff.closed_at = state, now
    if caller is not None:
        handoff.closed_by_id, handoff.closed_by = caller.principal_id, caller.name
    row.handoff_id = row.reserved_for = row.reserved_until = None
