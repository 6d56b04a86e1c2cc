"""Hand-offs over HTTP: a task goes to another agent, with a packet, and one of all takes it up."""

from typing import Annotated, get_args

from fastapi import APIRouter, Query, Request
from orchestra.api.auth import TaskReader, TaskWriter
from orchestra.api.routes.task_models import (
    CONFLICT,
    AcceptedView,
    AcceptRequest,
    FindingView,
    HandoffFilter,
    HandoffId,
    HandoffList,
    HandoffRequest,
    HandoffView,
    HandoffWithFindings,
    handoff_view,
    view,
)
from orchestra.api.state import state_of
from orchestra.api.strict import StrictRoute
from orchestra.coordination.tasks import Handoff, HandoffState, Handover, NewTask
from orchestra.shared.errors import Invalid

router = APIRouter(route_class=StrictRoute, prefix="/handoffs", tags=["handoffs"])


@router.post("", status_code=201, responses=CONFLICT, summary="Hand a task over")
async def create(request: Request, caller: TaskWriter, handoff: HandoffRequest) -> HandoffView:
    """Let go of it, for an agent by name or for anybody; the packet is made from the journal."""
    return handoff_view(await state_of(request).handoffs.create(_handover(handoff), caller))


@router.get("", summary="List hand-offs")
async def list_handoffs(
    request: Request,
    caller: TaskReader,
    state: HandoffFilter = "waiting",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> HandoffList:
    """Newest first. What is for a name is seen by its sender, by that agent, and by people."""
    states: tuple[HandoffState, ...] = get_args(HandoffState) if state == "any" else (state,)
    found = await state_of(request).handoffs.list(caller, states, limit)
    return HandoffList(handoffs=[*map(handoff_view, found)])


@router.get("/{handoff_id}", summary="Read a hand-off")
async def show(request: Request, caller: TaskReader, handoff_id: HandoffId) -> HandoffWithFindings:
    """The packet, and what has become stale since it was written."""
    handoffs = state_of(request).handoffs
    found = await handoffs.get(handoff_id, caller)
    findings = await handoffs.examine(handoff_id, caller) if _waits(found) else []
    views = [FindingView.model_validate(finding) for finding in findings]
    return HandoffWithFindings(**handoff_view(found).model_dump(), findings=views)


@router.post("/{handoff_id}/accept", responses=CONFLICT, summary="Take a task up")
async def accept(
    request: Request, caller: TaskWriter, handoff_id: HandoffId, how: AcceptRequest
) -> AcceptedView:
    """Of all who try one gets it, with a new fencing token, if the repository is where it was left."""
    accepted = await state_of(request).handoffs.accept(
        handoff_id,
        caller,
        seconds=how.lease_s,
        session=how.session,
        head=how.head,
        anyway=how.anyway,
    )
    return AcceptedView(
        handoff=handoff_view(accepted.handoff),
        task=view(accepted.task),
        findings=[FindingView.model_validate(finding) for finding in accepted.findings],
        text=accepted.handoff.packet.written(),
    )


@router.post("/{handoff_id}/withdraw", responses=CONFLICT, summary="Take an offer back")
async def withdraw(request: Request, caller: TaskWriter, handoff_id: HandoffId) -> HandoffView:
    """By its sender or a person; the task is open to anybody then."""
    return handoff_view(await state_of(request).handoffs.withdraw(handoff_id, caller))


def _waits(handoff: Handoff) -> bool:
    return handoff.state == "waiting"


def _handover(wanted: HandoffRequest) -> Handover:
    if (wanted.task_id is None) == (wanted.title is None):
        raise Invalid(
            "a hand-off is of a task, or of something new",
            hint="give `task_id` and `token`, or a `title`, and not both",
        )
    task = wanted.task_id or NewTask(wanted.title or "", goal=wanted.goal)
    return Handover(
        task,
        token=wanted.token,
        to=wanted.to,
        progress=wanted.progress,
        session=wanted.session,
        seconds=wanted.hold_s,
        head=wanted.head,
    )
