"""`/api/v1/audit`: what was done, asked and decided; and whether that is as it was written."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from orchestra.api.auth import EventReader
from orchestra.api.state import state_of
from orchestra.api.strict import StrictRoute
from orchestra.coordination.governance import AuditFilter
from orchestra.shared.events import Event
from pydantic import BaseModel, Field

router = APIRouter(route_class=StrictRoute, prefix="/audit", tags=["audit"])

Word = Annotated[str | None, Query(max_length=80, pattern=r"^[^\x00]*$")]


class AuditRow(BaseModel):
    """One row. What it says of the act is text from outside."""

    seq: int
    at: datetime
    act: str = Field(description="`act.allowed`, `approval.denied`, `session.tainted` …")
    outcome: str
    actor: str = Field(description="the principal's name; `orchestra` for the system itself")
    actor_kind: str | None
    key_id: str | None
    summary: str | None
    reason: str | None
    data: dict[str, Any] = Field(description="all that the row says")
    hash: str = Field(description="chains it to the row before")


class AuditRows(BaseModel):
    """Rows, newest first; `next_before` asks for those that follow."""

    rows: list[AuditRow]
    next_before: int | None


class AuditVerification(BaseModel):
    """What checking the whole audit found."""

    intact: bool
    checked: int
    last: int
    broken_at: int | None = Field(description="the first row that is not as it was written")
    heads: int = Field(description="how many exported heads it was compared with")
    reason: str


@router.get("", summary="Read the audit")
async def read(
    request: Request,
    _caller: EventReader,
    actor: Word = None,
    act: Word = None,
    outcome: Word = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
) -> AuditRows:
    """Newest first. `act` is a kind of row, or how one begins."""
    filter = AuditFilter(actor=actor, act=act, outcome=outcome)
    page = await state_of(request).governance.audit.page(filter, limit=limit, before=before)
    return AuditRows(rows=[_row(event) for event in page.rows], next_before=page.before)


@router.get("/verify", summary="Verify the audit")
async def verify(request: Request, _caller: EventReader) -> AuditVerification:
    """Every row against the one before, and every exported head against its row."""
    found = await state_of(request).governance.heads.verify()
    return AuditVerification(
        intact=found.intact,
        checked=found.checked,
        last=found.last,
        broken_at=found.broken_at,
        heads=found.heads,
        reason=found.reason,
    )


def _row(event: Event) -> AuditRow:
    def text(name: str) -> str | None:
        value = event.data.get(name)
        return value if isinstance(value, str) else None

    return AuditRow(
        seq=event.seq,
        at=event.at,
        act=event.kind,
        outcome=text("outcome") or "",
        actor=event.actor,
        actor_kind=text("principal_kind"),
        key_id=text("key"),
        summary=text("summary"),
        reason=text("reason"),
        data=event.data,
        hash=event.hash.hex(),
    )
