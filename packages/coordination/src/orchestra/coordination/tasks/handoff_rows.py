"""Hand-offs as the table has them."""

import re
from collections.abc import Sequence
from typing import cast

from orchestra.coordination.tables import HandoffRow, TaskRow
from orchestra.coordination.tasks import rows
from orchestra.coordination.tasks.addressing import is_for, visible
from orchestra.coordination.tasks.handoff import (
    HOLDS,
    Handoff,
    HandoffState,
    Handover,
    Waiting,
)
from orchestra.coordination.tasks.packet import Packet
from orchestra.coordination.tasks.progress import Progress
from orchestra.coordination.tasks.task import NewTask
from orchestra.coordination.tasks.text import one_line
from orchestra.shared.errors import Conflict, Invalid, NotFound
from orchestra.shared.identity import Caller
from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

_MOST = 500  # of them that are looked at
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


def handoff_of(row: HandoffRow, task: TaskRow) -> Handoff:
    """The hand-off that a row is."""
    return Handoff(
        id=row.id,
        task_id=row.task_id,
        title=task.title,
        state=cast("HandoffState", row.state),
        sender=row.sender,
        recipient=row.recipient,
        packet=Packet.model_validate(row.packet),
        tokens=row.tokens,
        created_at=row.created_at,
        reserved_until=task.reserved_until if task.handoff_id == row.id else None,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
    )


async def find(session: AsyncSession, workspace: str, id: str, caller: Caller) -> HandoffRow:
    """The hand-off, if the caller may know of it.

    Raises:
        NotFound: there is none, or it is between others.
    """
    row = await session.get(HandoffRow, id)
    if row is None or row.workspace != workspace or not visible(row, caller):
        raise NotFound(f"there is no hand-off `{id[:40]}`", hint="see `orchestra handoff list`")
    return row


async def newest(
    session: AsyncSession, workspace: str, states: Sequence[HandoffState]
) -> list[tuple[HandoffRow, TaskRow]]:
    """Hand-offs in those states, newest first, with their tasks."""
    query = (
        select(HandoffRow, TaskRow)
        .join(TaskRow, TaskRow.id == HandoffRow.task_id)
        .where(HandoffRow.workspace == workspace, HandoffRow.state.in_(states))
        .order_by(HandoffRow.created_at.desc(), HandoffRow.id)
        .limit(_MOST)
    )
    return [(row, task) for row, task in await session.execute(query)]


async def waiting(
    session: AsyncSession, workspace: str, caller: Caller, limit: int
) -> list[Waiting]:
    """What waits for the caller: what is for it by name, for anybody, and what was left behind."""
    found = [
        _waiting(row, task)
        for row, task in await newest(session, workspace, ("waiting",))
        if is_for(row.recipient, caller) and row.sender_id != caller.principal_id
    ]
    found.sort(key=lambda one: not one.to_me)  # stable: newest first within each
    over = and_(TaskRow.state == "claimed", TaskRow.lease_until <= func.now())
    left = or_(over, and_(TaskRow.state == "open", TaskRow.left_by.is_not(None)))
    query = (
        select(TaskRow)
        .where(TaskRow.workspace == workspace, left)
        .order_by(TaskRow.priority, TaskRow.updated_at.desc())
        .limit(limit)
    )
    found += [_left(task) for task in await session.scalars(query)]
    return found[:limit]


def check_handover(handover: Handover) -> None:
    """Do nothing when the handover can be tried.

    Raises:
        Invalid: the time that it is kept for, the commit or the missing token is not good.
    """
    least, most = HOLDS
    if not least <= handover.seconds <= most:
        raise Invalid(
            f"a task cannot be kept for `{handover.seconds}` seconds",
            hint=f"give {least} to {most}; after that anybody may claim it",
        )
    check_commit(handover.head)
    if not isinstance(handover.task, NewTask) and handover.token is None:
        raise Invalid(
            "a hand-off of a claimed task needs the fencing token of the claim",
            hint="give the `token` that the claim returned",
        )


def check_commit(head: str | None) -> None:
    """Do nothing when it is a commit's full name, or none.

    Raises:
        Invalid: it is something else.
    """
    if head is not None and not _COMMIT.fullmatch(head):
        raise Invalid(
            f"`{one_line(head, 60)}` is not a commit", hint="give all of `git rev-parse HEAD`"
        )


def check_waiting(row: HandoffRow, task: TaskRow) -> None:
    """Do nothing when the hand-off waits to be accepted.

    Raises:
        Conflict: it does not any more.
    """
    if row.state != "waiting":
        by = f" by {row.closed_by}" if row.closed_by else ""
        raise Conflict(
            f"the hand-off `{row.id}` was {row.state}{by} at {rows.shown(row.closed_at)}",
            hint=f"see who has the task: orchestra tasks show {task.id}",
        )


def _waiting(row: HandoffRow, task: TaskRow) -> Waiting:
    packet = Packet.model_validate(row.packet)
    return Waiting(
        id=row.id,
        title=task.title,
        sender=row.sender,
        goal=one_line(task.goal, 200),
        next_step=one_line(packet.next_step, 200),
        kind="handoff",
        to_me=row.recipient is not None,
        packet=packet.written(),
    )


def _left(task: TaskRow) -> Waiting:
    progress = Progress.model_validate(task.progress)
    return Waiting(
        id=task.id,
        title=task.title,
        sender=task.holder or task.left_by or task.creator,
        goal=one_line(task.goal, 200),
        next_step=one_line(progress.next_step, 200),
        kind="left",
        to_me=False,
        packet="",
    )
