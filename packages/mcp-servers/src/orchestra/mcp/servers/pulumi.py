"""`PulumiMCP`: what agents may do with infrastructure, and never more than was shown before."""

from typing import Annotated, ClassVar, Literal, Protocol

from mcp_types import CallToolResult, ToolAnnotations
from orchestra.mcp.answering import answered
from orchestra.mcp.callers import caller_of
from orchestra.mcp.part import Part
from orchestra.mcp.servers.declaration import Declaration
from orchestra.mcp.servers.outcome import Outcome
from orchestra.mcp.servers.tools_part import ToolsPart
from orchestra.mcp.tool import GovernedTool
from orchestra.shared.identity import Caller
from orchestra.shared.secrets import Secret
from pydantic import Field

from mcp.server.mcpserver import Context

Operation = Literal["preview", "up", "destroy"]
Stack = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}(/[A-Za-z0-9][A-Za-z0-9_.-]{0,99}){0,2}$",
        description="stack, project/stack or organisation/project/stack",
    ),
]
PlanId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,80}$", description="from pulumi_preview")]

_PREVIEW = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=True
)
_CHANGE = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=True
)


class Stacks(Protocol):
    """Who knows the cloud. It asks for permissions and approvals, and writes the audit."""

    async def preview(
        self, stack: str, terms: "PulumiMCP", caller: Caller, *, destroy: bool
    ) -> Outcome:
        """What would change; its facts have the `plan_id` under which it can be done."""

    async def carry_out(
        self, operation: Operation, plan_id: str, terms: "PulumiMCP", caller: Caller
    ) -> Outcome:
        """Do what a preview showed, and nothing else.

        Raises:
            Forbidden, ApprovalRequired: the caller may not, or not yet.
        """


class PulumiMCP(Declaration):
    """Infrastructure over MCP. `access_key` is read only when something is done with it."""

    needs: ClassVar[str] = "an infrastructure backend"

    access_key: Secret
    allowed_ops: Annotated[tuple[Operation, ...], Field(min_length=1)] = ("preview",)
    auto_rollback: bool = True
    """A change that fails its health check is undone."""
    ai_validation: bool = True
    """What was written by a machine passes validation before it is carried out."""

    def part(self, stacks: Stacks) -> Part:
        """The server, with a tool for each operation that is allowed."""
        tools = _Tools(self, stacks)
        made = {
            "preview": GovernedTool.of(
                tools.pulumi_preview,
                scope="infra:preview",
                title="Preview a change of infrastructure",
                description="What `pulumi up` or destroy would change, and the plan to do it with.",
                annotations=_PREVIEW,
            ),
            "up": GovernedTool.of(
                tools.pulumi_up,
                scope="infra:apply",
                title="Carry out a previewed change",
                description="Apply exactly what pulumi_preview showed; may need an approval first.",
                annotations=_CHANGE,
            ),
            "destroy": GovernedTool.of(
                tools.pulumi_destroy,
                scope="infra:apply",
                title="Destroy a stack",
                description="Destroy what a preview with destroy showed; always needs an approval.",
                annotations=_CHANGE,
            ),
        }
        allowed = [tool for operation, tool in made.items() if operation in self.allowed_ops]
        words = "Infrastructure: preview first, then carry out the plan by its id."
        return ToolsPart("pulumi", "infra:preview", words, allowed)


class _Tools:
    def __init__(self, terms: PulumiMCP, stacks: Stacks) -> None:
        self._terms = terms
        self._stacks = stacks

    async def pulumi_preview(
        self, ctx: Context[object, object], stack: Stack, destroy: bool = False
    ) -> CallToolResult:
        """The plan."""
        caller = caller_of(ctx.request_context)
        told = await self._stacks.preview(stack, self._terms, caller, destroy=destroy)
        return answered(told.line, told.facts)

    async def pulumi_up(self, ctx: Context[object, object], plan_id: PlanId) -> CallToolResult:
        """What was done."""
        return await self._carry_out("up", ctx, plan_id)

    async def pulumi_destroy(self, ctx: Context[object, object], plan_id: PlanId) -> CallToolResult:
        """What was destroyed."""
        return await self._carry_out("destroy", ctx, plan_id)

    async def _carry_out(
        self, operation: Operation, ctx: Context[object, object], plan_id: str
    ) -> CallToolResult:
        caller = caller_of(ctx.request_context)
        told = await self._stacks.carry_out(operation, plan_id, self._terms, caller)
        return answered(told.line, told.facts)
