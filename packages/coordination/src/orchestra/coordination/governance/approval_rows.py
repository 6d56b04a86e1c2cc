"""What `approvals` rows are asked for, and who may decide them."""

from collections.abc import Collection
from datetime import datetime

from orchestra.coordination.governance.approval import Approval, ApprovalState
from orchestra.coordination.governance.tables import ApprovalRow
from orchestra.shared.errors import Conflict, Forbidden, NotFound, TooManyRequests
from orchestra.shared.identity import Caller
from orchestra.shared.wording import plain
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

LIVING = ("pending", "approved")
"""The states that time ends."""
_MOST_PENDING = 50  # of one principal


class DecidedMeanwhile(Conflict):
    """The pending request that would have been found was decided in this very moment."""

    def __init__(self) -> None:
        super().__init__("the request was decided just now", hint="try again")


def over(now: datetime) -> ColumnElement[bool]:
    """Those whose time is over."""
    return ApprovalRow.expires_at <= now


def in_state(states: Collection[ApprovalState], now: datetime) -> ColumnElement[bool]:
    """What `approval_of` calls these states, in SQL."""
    living = ApprovalRow.state.in_(LIVING)
    found = ApprovalRow.state.in_([*states]) & ~(living & over(now))
    return found | (living & over(now)) if "expired" in states else found


def may_decide(caller: Caller, row: ApprovalRow) -> None:
    """Do nothing when the caller may decide the request.

    Raises:
        Forbidden: the caller is no person, or asked for it.
    """
    if caller.kind != "human":
        raise Forbidden(
            f"`{caller.name}` is a key of an {caller.kind}; only a person decides",
            hint="a person does it, with a key of the kind `human`",
        )
    if row.requester_id == caller.principal_id:
        raise Forbidden(
            f"`{row.id}` was asked for by `{row.requester}`, who cannot decide it",
            hint="another person decides",
        )


def settled(approval: Approval) -> Conflict:
    """The answer to a decision that comes too late."""
    by = f"; `{approval.decided_by}` decided it" if approval.decided_by else ""
    return Conflict(
        f"`{approval.id}` is {approval.state}{by}",
        hint="an act that is asked again is a new request",
    )


def absent(id: str) -> NotFound:
    """The answer for a request that is not there, or not for the caller."""
    return NotFound(
        f"there is no request `{plain(id, 40)}`", hint="see `orchestra approvals list --state any`"
    )


async def bounded(work: AsyncSession, row: ApprovalRow, now: datetime) -> None:
    """Do nothing unless the requester has more pending requests than a person can look at.

    Raises:
        TooManyRequests: it has.
    """
    pending = select(func.count()).where(
        ApprovalRow.workspace == row.workspace,
        ApprovalRow.requester_id == row.requester_id,
        ApprovalRow.state == "pending",
        ~over(now),
    )
    if (await work.scalar(pending) or 0) > _MOST_PENDING:
        raise TooManyRequests(
            f"`{row.requester}` has {_MOST_PENDING} requests that nobody has decided",
            hint="a person decides: orchestra approvals list",
            retry_after=60,
        )
