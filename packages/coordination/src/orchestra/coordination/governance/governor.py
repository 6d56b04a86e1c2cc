"""Judges acts and lets them happen: permission, pattern or approval, audit, effect, audit."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from orchestra.coordination.governance.act import Act, Verdict
from orchestra.coordination.governance.approval import ApprovalRequired
from orchestra.coordination.governance.approval_rows import DecidedMeanwhile
from orchestra.coordination.governance.approvals import Approvals
from orchestra.coordination.governance.audit import Audit, about
from orchestra.coordination.governance.rules import Standing, judge
from orchestra.coordination.governance.taint import Taint
from orchestra.coordination.specs.spec import AgentSpec, slug_of
from orchestra.shared.errors import Forbidden, Invalid, TooLarge
from orchestra.shared.identity import Caller
from orchestra.shared.json import canonical

_SUBJECT = 64 * 1024  # bytes
_PATHS = 1000
_SESSION = 200

T = TypeVar("T")


class Specs(Protocol):
    """What is needed of the specs in force."""

    async def spec_of(self, principal: str) -> AgentSpec | None:
        """The spec under which an agent's principal of that name acts."""


class Governor:
    """Where every act is judged that changes the world."""

    def __init__(
        self, specs: Specs, approvals: Approvals, taint: Taint, audit: Audit, *, url: str
    ) -> None:
        self._specs = specs
        self._approvals = approvals
        self._taint = taint
        self._audit = audit
        self._url = url.rstrip("/")

    async def judge(self, act: Act, caller: Caller, *, session: str | None = None) -> Verdict:
        """Whether the caller may do it now. An approval that allows it is used up.

        Raises:
            Unavailable: the audit cannot be written, so nothing is allowed.
            TooManyRequests: too many of the caller's requests wait for a decision.
            Invalid, TooLarge: the act is not one that can be shown to a person.
        """
        _check(act, session)
        standing = await self._standing(caller, session)
        judged = judge(act, standing)
        if judged.outcome == "ask":
            return await self._asked(act, caller, judged.reason, session)
        if judged.outcome == "deny" or act.permission or act.paths or act.destructive:
            await self._record(act, caller, judged.outcome, judged.reason, session)
        return Verdict(judged.outcome, judged.reason)

    async def perform(
        self,
        act: Act,
        caller: Caller,
        effect: Callable[[], Awaitable[T]],
        *,
        session: str | None = None,
    ) -> T:
        """Do it, if the caller may; what came of it is in the audit.

        Raises:
            Forbidden: the caller may not.
            ApprovalRequired: a person has to approve it first.
            Unavailable: the audit cannot be written.
        """
        verdict = await self.judge(act, caller, session=session)
        if verdict.outcome == "deny":
            raise Forbidden(verdict.reason, hint="a person can change the spec of the agent")
        if verdict.approval_id is not None and verdict.outcome == "ask":
            raise ApprovalRequired(
                f"{verdict.reason}: a person has to approve it as `{verdict.approval_id}`",
                approval_id=verdict.approval_id,
                url=verdict.url or "",
            )
        said = about(act, verdict.reason, session)
        try:
            done = await effect()
        except BaseException as error:
            failed = {**said, "error": f"{type(error).__name__}: {error}"[:500]}
            await self._audit.record("act.failed", "failed", caller, failed)
            raise
        await self._audit.record("act.done", "done", caller, said)
        return done

    async def taint(self, session: str, caller: Caller, why: str) -> None:
        """From now on the session has read text from outside."""
        _check_session(session)
        if await self._taint.add(caller.principal_id, session, why):
            await self._audit.record(
                "session.tainted", "tainted", caller, {"session": session, "reason": why}
            )

    async def _standing(self, caller: Caller, session: str | None) -> Standing:
        agent = caller.kind == "agent"
        return Standing(
            kind=caller.kind,
            decides=caller.can("approvals:decide"),
            spec=await self._specs.spec_of(caller.name) if agent else None,
            wanted_slug=slug_of(caller.name),
            tainted=agent and await self._taint.has(caller.principal_id, session),
        )

    async def _asked(self, act: Act, caller: Caller, reason: str, session: str | None) -> Verdict:
        used = await self._approvals.use(act, caller)
        if used is not None:
            why = f"`{used.decided_by}` approved it as `{used.id}`"
            await self._record(act, caller, "allow", why, session)
            return Verdict("allow", why, used.id, self._address(used.id))
        denied = await self._approvals.denied(act, caller)
        if denied is not None:
            said = f": {denied.comment}" if denied.comment else ""
            why = f"`{denied.decided_by}` denied it as `{denied.id}`{said}"
            await self._record(act, caller, "deny", why, session)
            return Verdict("deny", why, denied.id, self._address(denied.id))
        try:
            approval = await self._approvals.ask(act, caller, reason, session)
        except DecidedMeanwhile:  # so now it is used, denied, or asked anew
            return await self._asked(act, caller, reason, session)
        return Verdict("ask", reason, approval.id, self._address(approval.id))

    async def _record(
        self, act: Act, caller: Caller, outcome: str, reason: str, session: str | None
    ) -> None:
        kind = {"allow": "act.allowed", "deny": "act.denied"}[outcome]
        await self._audit.record(kind, outcome, caller, about(act, reason, session))

    def _address(self, id: str) -> str:
        return f"{self._url}/approvals/{id}"


def _check(act: Act, session: str | None) -> None:
    if session is not None:
        _check_session(session)
    if not act.summary.strip():
        raise Invalid("an act needs a summary", hint="say in one line what is done")
    if len(act.paths) > _PATHS:
        raise TooLarge(f"an act writes {len(act.paths)} paths", hint=f"at most {_PATHS} at once")
    if len(canonical(act.subject)) > _SUBJECT:
        raise TooLarge("the subject of an act is too large", hint="at most 64 KiB of JSON")


def _check_session(session: str) -> None:
    if not 0 < len(session) <= _SESSION or not session.isprintable():
        raise Invalid(
            f"`{session[:40]!r}` is no session", hint="use `<brand>/<id>`, at most 200 characters"
        )
