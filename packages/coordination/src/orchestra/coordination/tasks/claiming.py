"""Whether a task can be claimed, and by whom."""

from datetime import datetime

from orchestra.coordination.tables import TaskRow
from orchestra.coordination.tasks.rows import leased, reserved, shown
from orchestra.coordination.tasks.task import LEASES
from orchestra.shared.errors import Conflict, Invalid
from orchestra.shared.identity import Caller


def check_lease(seconds: int) -> None:
    """Do nothing when a lease can have so many seconds.

    Raises:
        Invalid: it cannot.
    """
    least, most = LEASES
    if not least <= seconds <= most:
        raise Invalid(
            f"a lease of `{seconds}` seconds is not given",
            hint=f"ask for {least} to {most}, and renew it while you work",
        )


def is_again(row: TaskRow, now: datetime, caller: Caller, session: str | None) -> bool:
    """Whether the caller claims what it holds already.

    Raises:
        Conflict: another session of the caller holds it.
    """
    if not leased(row, now) or row.holder_id != caller.principal_id:
        return False
    if session is not None and row.session is not None and session != row.session:
        raise Conflict(
            f"another session of yours, `{row.session[:60]}`, holds `{row.id}` until"
            f" {shown(row.lease_until)}",
            hint="let that one hand it over or release it, or wait for the end of its lease",
        )
    return True


def check_claimable(row: TaskRow, now: datetime) -> None:
    """Do nothing when anybody may claim the task.

    Raises:
        Conflict: it is closed, held, or waits in a hand-off.
    """
    if row.state in ("done", "cancelled"):
        raise Conflict(f"the task `{row.id}` is {row.state}", hint="see `orchestra tasks list`")
    if leased(row, now):
        raise Conflict(
            f"the task `{row.id}` is held by {row.holder} until {shown(row.lease_until)}",
            hint="take another one (`orchestra tasks list`), or wait for its end or its hand-off",
        )
    if reserved(row, now):
        whom = f"for {row.reserved_for} " if row.reserved_for else ""
        until = f" until {shown(row.reserved_until)}" if row.reserved_until else ""
        raise Conflict(
            f"the task `{row.id}` waits {whom}in the hand-off `{row.handoff_id}`{until}",
            hint=f"accept that: orchestra handoff accept {row.handoff_id}",
        )
