"""Requests for approval: asked once for an act, decided once by a person, used once."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from orchestra.coordination.governance.act import Act
from orchestra.coordination.governance.approval import (
    Approval,
    ApprovalPage,
    ApprovalState,
    approval_of,
)
from orchestra.coordination.governance.approval_rows import (
    LIVING,
    DecidedMeanwhile,
    absent,
    bounded,
    in_state,
    may_decide,
    over,
    settled,
)
from orchestra.coordination.governance.audit import SUMMARY, Audit, about, cleaned
from orchestra.coordination.governance.tables import ApprovalRow
from orchestra.shared.db import Database
from orchestra.shared.errors import Unavailable
from orchestra.shared.events import EventLog
from orchestra.shared.identity import Caller
from orchestra.shared.json import JsonObject
from orchestra.shared.redaction import Redactor
from orchestra.shared.wording import plain
from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

COMMENT = 1000
"""Characters of a person's comment."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long a request waits for a decision, and how long an approval is good."""

    pending: timedelta = timedelta(hours=24)
    approved: timedelta = timedelta(hours=1)


class Approvals:
    """The keeper of the requests of one workspace.

    Every change and its audit row stand or fall together: the row is written before the change
    is committed, so no approval counts that the audit does not know.
    """

    def __init__(
        self,
        database: Database,
        events: EventLog,
        audit: Audit,
        *,
        workspace: str,
        redactor: Redactor,
        lifetimes: Lifetimes | None = None,
    ) -> None:
        self.stream = f"approvals/{workspace}"
        self._database = database
        self._events = events
        self._audit = audit
        self._workspace = workspace
        self._redactor = redactor
        self._lifetimes = lifetimes or Lifetimes()

    async def ask(self, act: Act, caller: Caller, reason: str, session: str | None) -> Approval:
        """The pending request for the act, made when there is none.

        Raises:
            DecidedMeanwhile: another decided it just now; look again.
            TooManyRequests: the caller has too many that are pending.
        """
        await self.expire()
        now = datetime.now(UTC)
        async with self._database.transaction() as work:
            made = await work.scalar(
                insert(ApprovalRow)
                .values(self._row(act, caller, reason, session) | self._times(now))
                .on_conflict_do_nothing()
                .returning(ApprovalRow.id)
            )
            query = select(ApprovalRow).where(
                *self._of(act, caller), ApprovalRow.state == "pending"
            )
            row = (await work.scalars(query)).one_or_none()
            if row is None:
                raise DecidedMeanwhile
            if made is not None:
                await bounded(work, row, now)
                said = {**about(act, reason, session), "approval": row.id}
                await self._audit.record("act.asked", "ask", caller, said)
        approval = approval_of(row, now)
        if made is not None:
            await self._announce("approval.requested", approval, caller.name)
        return approval

    async def use(self, act: Act, caller: Caller) -> Approval | None:
        """Use up the approval of the caller's act, if there is one that is good."""
        now = datetime.now(UTC)
        good = select(ApprovalRow.id).where(
            *self._of(act, caller), ApprovalRow.state == "approved", ~over(now)
        )
        async with self._database.transaction() as work:
            row = await work.scalar(
                update(ApprovalRow)
                .where(
                    ApprovalRow.id == good.limit(1).scalar_subquery(),
                    ApprovalRow.state == "approved",  # again: another may have been quicker
                )
                .values(state="used", used_at=now)
                .returning(ApprovalRow)
            )
            if row is None:
                return None
            approval = approval_of(row, now)
        await self._announce("approval.used", approval, caller.name)
        return approval

    async def denied(self, act: Act, caller: Caller) -> Approval | None:
        """The denial of the caller's act that still stands."""
        now = datetime.now(UTC)
        query = (
            select(ApprovalRow)
            .where(*self._of(act, caller), ApprovalRow.state == "denied", ~over(now))
            .order_by(ApprovalRow.decided_at.desc())
            .limit(1)
        )
        async with self._database.transaction() as work:
            row = (await work.scalars(query)).one_or_none()
        return None if row is None else approval_of(row, now)

    async def decide(self, id: str, caller: Caller, *, approve: bool, comment: str) -> Approval:
        """A person's decision.

        Raises:
            NotFound: there is no such request.
            Forbidden: the caller is no person, or asked for it.
            Conflict: it is decided, used or over.
        """
        caller.require("approvals:decide")
        now = datetime.now(UTC)
        state = "approved" if approve else "denied"
        async with self._database.transaction() as work:
            row = await self._row_of(work, id, for_update=True)
            may_decide(caller, row)
            known = approval_of(row, now)
            if known.state != "pending":
                raise settled(known)
            row.state, row.decided_by, row.decided_at = state, caller.name, now
            row.comment = self._said(comment, COMMENT) or None
            row.expires_at = now + self._lifetimes.approved
            said: JsonObject = {
                "approval": id,
                "summary": row.summary,
                "hash": row.hash,
                "requester": row.requester,
                "comment": row.comment,
            }
            await self._audit.record(f"approval.{state}", state, caller, said)
        approval = approval_of(row, now)
        await self._announce(f"approval.{state}", approval, caller.name)
        return approval

    async def get(self, id: str, caller: Caller) -> Approval:
        """One request. An agent sees only its own.

        Raises:
            NotFound: there is none that the caller may see.
        """
        async with self._database.transaction() as work:
            row = await self._row_of(work, id)
        if caller.kind == "agent" and row.requester_id != caller.principal_id:
            raise absent(id)
        return approval_of(row, datetime.now(UTC))

    async def page(
        self,
        caller: Caller | None,
        states: Collection[ApprovalState],
        *,
        limit: int,
        before: str | None = None,
    ) -> ApprovalPage:
        """Requests, newest first. An agent sees only its own; None sees all.

        Raises:
            NotFound: `before` is no request that the caller may see.
        """
        now = datetime.now(UTC)
        query = select(ApprovalRow).where(
            ApprovalRow.workspace == self._workspace, in_state(states, now)
        )
        if caller is not None and caller.kind == "agent":
            query = query.where(ApprovalRow.requester_id == caller.principal_id)
        if before is not None and caller is not None:
            await self.get(before, caller)
        newest = (ApprovalRow.created_at.desc(), ApprovalRow.id.desc())
        async with self._database.transaction() as work:
            if before is not None:
                place = select(ApprovalRow.created_at, ApprovalRow.id).where(
                    ApprovalRow.id == before
                )
                at, last = (await work.execute(place)).one()
                query = query.where(
                    (ApprovalRow.created_at < at)
                    | ((ApprovalRow.created_at == at) & (ApprovalRow.id < last))
                )
            rows = (await work.scalars(query.order_by(*newest).limit(limit + 1))).all()
        found = [approval_of(row, now) for row in rows[:limit]]
        return ApprovalPage(found, found[-1].id if len(rows) > limit else None)

    async def expire(self) -> datetime | None:
        """Close what is over; returns when the next is."""
        now = datetime.now(UTC)
        living = ApprovalRow.state.in_(LIVING)
        mine = ApprovalRow.workspace == self._workspace
        async with self._database.transaction() as work:
            rows = (
                await work.scalars(
                    update(ApprovalRow)
                    .where(mine, living, over(now))
                    .values(state="expired")
                    .returning(ApprovalRow)
                )
            ).all()
            for row in rows:
                said: JsonObject = {"approval": row.id, "summary": row.summary, "hash": row.hash}
                await self._audit.record("approval.expired", "expired", None, said)
            soonest = select(func.min(ApprovalRow.expires_at)).where(mine, living)
            next_over = await work.scalar(soonest)
        for row in rows:
            await self._announce("approval.expired", approval_of(row, now), "orchestra")
        return next_over

    async def _announce(self, kind: str, approval: Approval, actor: str) -> None:
        """Say it to whoever follows the stream; the table is what counts."""
        data: JsonObject = {"approval": approval.id, "state": approval.state}
        try:
            await self._events.append(self.stream, kind, data, actor=actor)
        except Unavailable as error:  # the followers look for themselves now and then
            _log.warning(
                "a decision could not be announced", approval=approval.id, error=str(error)
            )

    def _of(self, act: Act, caller: Caller) -> list[ColumnElement[bool]]:
        return [
            ApprovalRow.workspace == self._workspace,
            ApprovalRow.requester_id == caller.principal_id,
            ApprovalRow.hash == act.hash,
        ]

    def _times(self, now: datetime) -> dict[str, object]:
        return {"created_at": now, "expires_at": now + self._lifetimes.pending}

    def _row(self, act: Act, caller: Caller, reason: str, session: str | None) -> dict[str, object]:
        return {
            "id": f"apr_{secrets.token_hex(8)}",
            "workspace": self._workspace,
            "hash": act.hash,
            "permission": act.permission,
            "summary": self._said(act.summary, SUMMARY),
            "subject": cleaned(self._redactor.value(act.subject)),
            "paths": [self._said(path, 300) for path in act.paths],
            "destructive": act.destructive,
            "egress": act.egress,
            "reason": self._said(reason, SUMMARY),
            "requester_id": caller.principal_id,
            "requester": caller.name,
            "requester_kind": caller.kind,
            "session": None if session is None else self._said(session, 200),
            "state": "pending",
        }

    def _said(self, text: str, longest: int) -> str:
        return plain(self._redactor.text(text), longest)

    async def _row_of(
        self, work: AsyncSession, id: str, *, for_update: bool = False
    ) -> ApprovalRow:
        query = select(ApprovalRow).where(
            ApprovalRow.id == id, ApprovalRow.workspace == self._workspace
        )
        row = (await work.scalars(query.with_for_update() if for_update else query)).one_or_none()
        if row is None:
            raise absent(id)
        return row
