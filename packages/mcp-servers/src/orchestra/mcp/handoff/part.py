"""The part of our MCP servers by which agents take up tasks and hand them over."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Protocol

from mcp_types import CallToolResult, ToolAnnotations
from orchestra.coordination.tasks import (
    Accepted,
    Finding,
    Handoff,
    Handover,
    Packet,
    Progress,
    State,
    Task,
    TaskPage,
    Waiting,
)
from orchestra.coordination.tasks.task import STATES
from orchestra.mcp.callers import caller_of
from orchestra.mcp.handoff import answer
from orchestra.mcp.tool import GovernedTool
from orchestra.mcp.unwatched import Unwatched
from orchestra.shared.errors import Invalid, NotFound
from orchestra.shared.identity import Caller, Scope
from orchestra.shared.json import canonical
from pydantic import Field, ValidationError

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError

TEMPLATE = "orchestra://handoffs/{id}"
_LISTED = 30  # tasks
_KEYS = (
    "in_progress, next_step, stop_condition: text; done, failed_approaches, constraints,"
    " open_questions, read_first: lists; decisions: [{what, why}]"
)

TaskId = Annotated[str, Field(max_length=40)]
HandoffId = Annotated[str, Field(max_length=40)]
Token = Annotated[int, Field(description="of your claim")]
Lease = Annotated[int, Field(description="seconds")]
Said = Annotated[dict[str, object], Field(description=_KEYS)]
SaidAsThere = Annotated[dict[str, object], Field(description="as in task_update")]


class TaskList(Protocol):
    """What is needed of the tasks."""

    async def list(self, caller: Caller, states: Sequence[State], *, limit: int = 50) -> TaskPage:
        """Tasks in those states."""

    async def claim(self, id: str, caller: Caller, *, seconds: int) -> Task:
        """Hold a task for so many seconds."""

    async def update(self, id: str, caller: Caller, progress: Progress, *, token: int) -> Task:
        """Note how far it is."""

    async def release(self, id: str, caller: Caller, *, token: int) -> Task:
        """Give it back."""

    async def complete(self, id: str, caller: Caller, *, token: int, result: str) -> Task:
        """Close it as done."""


class Offers(Protocol):
    """What is needed of the hand-offs."""

    async def create(self, handover: Handover, caller: Caller) -> Handoff:
        """Hand a task over."""

    async def get(self, id: str, caller: Caller) -> Handoff:
        """One hand-off."""

    async def examine(self, id: str, caller: Caller) -> Sequence[Finding]:
        """What has become stale."""

    async def accept(self, id: str, caller: Caller, *, seconds: int, anyway: bool) -> Accepted:
        """Take a task up."""

    async def waiting(self, caller: Caller) -> Sequence[Waiting]:
        """What waits for the caller."""

    async def packet(self, task_id: str) -> tuple[Packet, int] | None:
        """How far a task is."""


class HandoffPart(Unwatched):
    """Six tools, and each hand-off as a resource: a packet never changes."""

    name = "handoff"
    scope: Scope = "tasks:read"
    prefix = "orchestra://handoffs/"
    instructions = (
        "Claim a task before you work on it (task_claim), note progress (task_update), and hand"
        " over what you do not finish (handoff_create). handoff_get lists what waits for you."
    )

    def __init__(self, tasks: TaskList, handoffs: Offers) -> None:
        super().__init__()
        self._tasks = tasks
        self._handoffs = handoffs
        self.tools: Sequence[GovernedTool] = [
            _tool(
                self.task_list, "List tasks", "Tasks of this repository, by priority.", read=True
            ),
            _tool(
                self.task_claim,
                "Claim a task",
                "Hold a task alone, for a while. Returns a fencing_token and how far it is.",
            ),
            _tool(
                self.task_update,
                "Note progress",
                "Note how far your task is, and renew the lease; or close it.",
            ),
            _tool(
                self.handoff_create,
                "Hand over",
                "Give your task to another agent, or to anybody.",
            ),
            _tool(
                self.handoff_accept,
                "Take up",
                "Take up what was handed over. Returns its packet and a fencing_token.",
            ),
            _tool(
                self.handoff_get,
                "Read a hand-off",
                "One hand-off; without an id, what waits for you.",
                read=True,
            ),
        ]

    def add_resources(self, server: MCPServer[object]) -> None:
        """Each hand-off, for those who may know of it."""

        async def handoff(id: str, ctx: Context[object, object]) -> str:
            try:
                found = await self._handoffs.get(id, caller_of(ctx.request_context))
            except NotFound as error:
                raise ResourceNotFoundError(str(error)) from None
            return canonical(found.packet.model_dump(mode="json", exclude_defaults=True)).decode()

        server.resource(
            TEMPLATE,
            name="hand-off",
            description="The packet of a hand-off: data that another agent wrote",
            mime_type="application/json",
        )(handoff)

    async def task_list(
        self,
        ctx: Context[object, object],
        state: Literal["live", "open", "claimed", "done", "cancelled", "any"] = "live",
    ) -> CallToolResult:
        """Tasks in that state."""
        states: Mapping[str, Sequence[State]] = {"live": ("open", "claimed"), "any": STATES}
        wanted = states.get(state) or [one for one in STATES if one == state]
        caller = caller_of(ctx.request_context)
        return answer.listed(await self._tasks.list(caller, wanted, limit=_LISTED))

    async def task_claim(
        self, ctx: Context[object, object], task_id: TaskId, lease_s: Lease = 900
    ) -> CallToolResult:
        """The task, with a token, and its packet if somebody worked on it before."""
        caller = caller_of(ctx.request_context)
        task = await self._tasks.claim(task_id, caller, seconds=lease_s)
        known = await self._handoffs.packet(task_id)
        return answer.held(task, known[0] if known else None)

    async def task_update(
        self,
        ctx: Context[object, object],
        task_id: TaskId,
        fencing_token: Token,
        progress: Said = {},  # noqa: B006 - pydantic copies it
        close: Literal["complete", "release"] | None = None,
        result: Annotated[str, Field(max_length=16_384)] = "",
    ) -> CallToolResult:
        """The task as it is then."""
        caller, said = caller_of(ctx.request_context), _progress(progress)
        if said.model_fields_set or close is None:
            task = await self._tasks.update(task_id, caller, said, token=fencing_token)
        if close == "complete":
            task = await self._tasks.complete(task_id, caller, token=fencing_token, result=result)
        elif close == "release":
            task = await self._tasks.release(task_id, caller, token=fencing_token)
        return answer.held(task)

    async def handoff_create(
        self,
        ctx: Context[object, object],
        task_id: TaskId,
        fencing_token: Token,
        to: Annotated[str | None, Field(max_length=64, description="agent; else anybody")] = None,
        progress: SaidAsThere = {},  # noqa: B006 - pydantic copies it
    ) -> CallToolResult:
        """The hand-off's id."""
        handover = Handover(task_id, token=fencing_token, to=to, progress=_progress(progress))
        return answer.handed(await self._handoffs.create(handover, caller_of(ctx.request_context)))

    async def handoff_accept(
        self,
        ctx: Context[object, object],
        id: HandoffId,
        lease_s: Lease = 900,
        anyway: Annotated[bool, Field(description="though HEAD does not fit")] = False,
    ) -> CallToolResult:
        """The task, with its packet and a token."""
        caller = caller_of(ctx.request_context)
        accepted = await self._handoffs.accept(id, caller, seconds=lease_s, anyway=anyway)
        return answer.taken(accepted)

    async def handoff_get(
        self, ctx: Context[object, object], id: HandoffId | None = None
    ) -> CallToolResult:
        """The hand-off, or what waits."""
        caller = caller_of(ctx.request_context)
        if id is None:
            return answer.waiting(await self._handoffs.waiting(caller))
        found = await self._handoffs.get(id, caller)
        stale = await self._handoffs.examine(id, caller) if found.state == "waiting" else []
        return answer.shown(found, stale)


def _tool(fn: object, title: str, description: str, *, read: bool = False) -> GovernedTool:
    return GovernedTool.of(
        fn,  # type: ignore[arg-type]  # each is a method of the part
        scope="tasks:read" if read else "tasks:write",
        title=title,
        description=description,
        annotations=ToolAnnotations(
            read_only_hint=read,
            destructive_hint=False,
            idempotent_hint=True,
            open_world_hint=False,
        ),
    )


def _progress(said: Mapping[str, object]) -> Progress:
    try:
        return Progress.model_validate(said)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Invalid(
            f"`progress.{place[:80]}` does not fit: {first['msg']}",
            hint=f"its keys are {_KEYS}; nothing was done",
        ) from None
