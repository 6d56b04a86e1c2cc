"""Tasks over HTTP: one holder at a time, by a lease with a fencing token."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from orchestra.api.auth import TaskReader, TaskWriter
from orchestra.api.routes.task_models import (
    CONFLICT,
    CancelRequest,
    ClaimRequest,
    CompleteRequest,
    NewTaskRequest,
    RenewRequest,
    TaskFilter,
    TaskId,
    TaskList,
    TaskView,
    TaskWithPacket,
    TokenRequest,
    UpdateRequest,
    view,
)
from orchestra.api.state import State, state_of
from orchestra.api.strict import StrictRoute
from orchestra.coordination.tasks import NewTask, Task
from orchestra.coordination.tasks.task import STATES
from orchestra.coordination.tasks.task import State as TaskState

router = APIRouter(route_class=StrictRoute, prefix="/tasks", tags=["tasks"])

_LIVE: tuple[TaskState, ...] = ("open", "claimed")


@router.post("", status_code=201, summary="Create a task")
async def create(request: Request, caller: TaskWriter, task: NewTaskRequest) -> TaskView:
    """Put something to be done on the list."""
    draft = NewTask(**task.model_dump())
    return view(await state_of(request).tasks.create(draft, caller))


@router.get("", summary="List tasks")
async def list_tasks(
    request: Request,
    caller: TaskReader,
    state: TaskFilter = "live",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[str | None, Query(pattern=r"^tsk_[0-9a-f]{16}$", max_length=20)] = None,
) -> TaskList:
    """Live ones by priority and age; if closed ones are wanted, newest first."""
    states = {"live": _LIVE, "any": STATES}.get(state) or (state,)
    tasks = state_of(request).tasks
    page = await tasks.list(caller, states, limit=limit, after=after)  # type: ignore[arg-type]  # the filter's words are states
    return TaskList(tasks=[*map(view, page.tasks)], next_after=page.after, counts=page.counts)


@router.get("/{task_id}", summary="Read a task")
async def show(request: Request, caller: TaskReader, task_id: TaskId) -> TaskWithPacket:
    """One task, with a packet that says how far it is, made now from what its agents did."""
    state = state_of(request)
    return await _with_packet(state, await state.tasks.show(task_id, caller))


@router.post("/{task_id}/claim", responses=CONFLICT, summary="Claim a task")
async def claim(
    request: Request, caller: TaskWriter, task_id: TaskId, claim: ClaimRequest
) -> TaskWithPacket:
    """Hold it, alone, until the lease is over. `claim.token` goes with whatever you write."""
    state = state_of(request)
    task = await state.tasks.claim(task_id, caller, seconds=claim.lease_s, session=claim.session)
    return await _with_packet(state, task)


@router.post("/{task_id}/renew", responses=CONFLICT, summary="Renew a claim")
async def renew(
    request: Request, caller: TaskWriter, task_id: TaskId, renewal: RenewRequest
) -> TaskView:
    """Hold it for some time more."""
    tasks = state_of(request).tasks
    return view(await tasks.renew(task_id, caller, token=renewal.token, seconds=renewal.lease_s))


@router.patch("/{task_id}", responses=CONFLICT, summary="Note how far a task is")
async def update(
    request: Request, caller: TaskWriter, task_id: TaskId, update: UpdateRequest
) -> TaskView:
    """For whoever takes it up after you; the lease begins anew."""
    tasks = state_of(request).tasks
    return view(
        await tasks.update(task_id, caller, update.progress, token=update.token, goal=update.goal)
    )


@router.post("/{task_id}/release", responses=CONFLICT, summary="Give a task back")
async def release(
    request: Request, caller: TaskWriter, task_id: TaskId, held: TokenRequest
) -> TaskView:
    """Anybody can claim it then."""
    return view(await state_of(request).tasks.release(task_id, caller, token=held.token))


@router.post("/{task_id}/complete", responses=CONFLICT, summary="Complete a task")
async def complete(
    request: Request, caller: TaskWriter, task_id: TaskId, held: CompleteRequest
) -> TaskView:
    """Close it as done."""
    tasks = state_of(request).tasks
    return view(await tasks.complete(task_id, caller, token=held.token, result=held.result))


@router.post("/{task_id}/cancel", responses=CONFLICT, summary="Cancel a task")
async def cancel(
    request: Request, caller: TaskWriter, task_id: TaskId, why: CancelRequest
) -> TaskView:
    """Close it undone: by its holder, by its creator if nobody holds it, or by a person."""
    return view(await state_of(request).tasks.cancel(task_id, caller, reason=why.reason))


async def _with_packet(state: State, task: Task) -> TaskWithPacket:
    known = None if task.closed_at else await state.handoffs.packet(task.id)
    packet, tokens = known or (None, 0)
    return TaskWithPacket(**view(task).model_dump(), packet=packet, packet_tokens=tokens)
