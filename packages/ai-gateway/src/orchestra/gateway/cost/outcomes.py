"""What came of an answer, as those say who checked it: the next call of the task may climb."""

from dataclasses import dataclass

from orchestra.gateway.cost.ladder import Ladder
from orchestra.gateway.cost.ledger import Ledger
from orchestra.gateway.cost.notices import Notices
from orchestra.gateway.cost.report import Reports
from orchestra.gateway.cost.tables import LedgerRow
from orchestra.shared.errors import Invalid, NotFound


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is done next."""

    subject: str | None
    """The task or session."""
    task_class: str | None
    route: str | None
    """Of its next call; None where nothing is chosen by class, or nothing dearer is left."""
    why: str


class Outcomes:
    """Takes reports and makes tasks climb."""

    def __init__(self, reports: Reports, ladder: Ladder, ledger: Ledger, notices: Notices) -> None:
        self._reports = reports
        self._ladder = ladder
        self._ledger = ledger
        self._notices = notices

    async def report(
        self, *, call_id: str | None, task: str | None, passed: bool, agent: str | None, actor: str
    ) -> Verdict:
        """An answer passed its checks, or did not; `agent` may only speak of its own calls.

        Raises:
            Invalid: neither a call nor a task is named, or both.
            NotFound: there is no such call, or the task has made none.
        """
        if (call_id is None) == (task is None):
            raise Invalid(
                "an outcome is of one call or of one task",
                hint="send `request_id` (the header x-orchestra-request-id) or `task`",
            )
        await self._ledger.flush()  # the call may have ended just now
        row = await self._of_call(call_id, agent) if call_id else await self._of_task(task, agent)
        subject = row.task or row.detail.get("session")
        if row.task_class is None or subject is None:
            return Verdict(subject, row.task_class, None, "its route is not chosen by class")
        if passed:
            return Verdict(subject, row.task_class, row.route, "it passed: the route stays")
        route = await self._ladder.climb(str(subject), row.task_class, row.route)
        if route is None:
            why = "there is no dearer route in the class"
        else:
            why = f"the next call of the class goes to `{route}`"
            await self._notices.say(
                "outcome.failed",
                {"call": row.id, "class": row.task_class, "route": row.route, "next": route},
                actor=actor,
            )
        return Verdict(str(subject), row.task_class, route, why)

    async def _of_call(self, call_id: str, agent: str | None) -> LedgerRow:
        row = await self._reports.call(call_id, agent)
        if not isinstance(row, LedgerRow):
            raise Invalid(f"the call `{call_id[:60]}` is still under way", hint="wait for its end")
        return row

    async def _of_task(self, task: str | None, agent: str | None) -> LedgerRow:
        rows = await self._reports.calls(agent=agent, task=task, limit=20)
        for row in rows:
            if row.task_class is not None:
                return row
        if rows:
            return rows[0]
        raise NotFound(
            f"the task `{str(task)[:60]}` has made no call",
            hint="calls name their task in the header x-orchestra-task",
        )
