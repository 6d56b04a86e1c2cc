"""`/api/v1/approvals`: acts that wait for a person, and what people decided."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from orchestra.api.auth import ApprovalDecider, ApprovalReader
from orchestra.api.problems import Problem
from orchestra.api.state import state_of
from orchestra.api.strict import StrictRoute
from orchestra.coordination.governance import STATES, Approval, ApprovalState
from pydantic import BaseModel, ConfigDict, Field

router = APIRouter(route_class=StrictRoute, prefix="/approvals", tags=["approvals"])

_ID = r"^apr_[0-9a-f]{16}$"
ApprovalId = Annotated[str, Path(pattern=_ID, max_length=20)]


class ApprovalView(BaseModel):
    """A request for approval. `subject` is what the act is about; all of it is text from outside."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    state: ApprovalState
    permission: str | None = Field(description="`resource:action`, if the act needs one")
    summary: str = Field(description="what would be done, in one line")
    subject: dict[str, Any] = Field(description="everything that the approval binds to")
    paths: list[str] = Field(description="files that it writes")
    destructive: bool
    egress: bool = Field(description="it sends something out of the machine")
    reason: str = Field(description="why a person is asked")
    warnings: list[str] = Field(description="what might be overlooked, such as look-alike letters")
    hash: str = Field(description="SHA-256 of what is shown; an equal act has the same")
    requester: str
    requester_kind: str
    session: str | None
    created_at: datetime
    expires_at: datetime = Field(
        description="a pending one cannot be decided, and an approved one not be used, after that"
    )
    decided_by: str | None
    decided_at: datetime | None
    comment: str | None
    used_at: datetime | None


class ApprovalList(BaseModel):
    """Requests, newest first; `next_before` asks for those that follow."""

    approvals: list[ApprovalView]
    next_before: str | None


class Decision(BaseModel):
    """What a person says to it."""

    model_config = ConfigDict(extra="forbid")

    comment: str = Field(default="", max_length=1000)


_SETTLED: dict[int | str, dict[str, Any]] = {
    409: {"description": "It is decided, used or expired already", "model": Problem}
}


@router.get("", summary="List requests for approval")
async def list_approvals(
    request: Request,
    caller: ApprovalReader,
    state: ApprovalState | Literal["any"] = "pending",
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    before: Annotated[str | None, Query(pattern=_ID, max_length=20)] = None,
) -> ApprovalList:
    """People see all of the workspace; an agent sees what it asked for itself."""
    states = STATES if state == "any" else (state,)
    approvals = state_of(request).governance.approvals
    page = await approvals.page(caller, states, limit=limit, before=before)
    return ApprovalList(approvals=[_view(one) for one in page.approvals], next_before=page.before)


@router.get("/{approval_id}", summary="Read a request for approval")
async def read(
    request: Request,
    caller: ApprovalReader,
    approval_id: ApprovalId,
    wait: Annotated[
        float, Query(ge=0, le=60, description="seconds to wait while it is pending")
    ] = 0,
) -> ApprovalView:
    """One request; with `wait`, as soon as it is no longer pending."""
    board = state_of(request).governance.board
    return _view(await board.wait(approval_id, caller, wait))


@router.post("/{approval_id}/approve", responses=_SETTLED, summary="Approve an act")
async def approve(
    request: Request, caller: ApprovalDecider, approval_id: ApprovalId, decision: Decision
) -> ApprovalView:
    """The next equal act of the requester is let through, once. People only, and not the requester."""
    approvals = state_of(request).governance.approvals
    return _view(
        await approvals.decide(approval_id, caller, approve=True, comment=decision.comment)
    )


@router.post("/{approval_id}/deny", responses=_SETTLED, summary="Deny an act")
async def deny(
    request: Request, caller: ApprovalDecider, approval_id: ApprovalId, decision: Decision
) -> ApprovalView:
    """Equal acts of the requester are refused for an hour, with the comment as the reason."""
    approvals = state_of(request).governance.approvals
    return _view(
        await approvals.decide(approval_id, caller, approve=False, comment=decision.comment)
    )


def _view(approval: Approval) -> ApprovalView:
    return ApprovalView.model_validate(approval)
