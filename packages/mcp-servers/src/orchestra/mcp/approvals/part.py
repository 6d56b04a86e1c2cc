"""The part of our MCP servers with which an agent learns what a person decided."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Protocol

from mcp_types import CallToolResult, ToolAnnotations
from orchestra.coordination.governance import Approval
from orchestra.mcp.answering import answered
from orchestra.mcp.callers import caller_of
from orchestra.mcp.tool import GovernedTool
from orchestra.mcp.unwatched import Unwatched
from orchestra.shared.identity import Caller, Scope
from orchestra.shared.json import JsonObject
from pydantic import Field

from mcp.server.mcpserver import Context

_GET = (
    "What became of a request for approval of yours (`apr_…`). Once it is approved, do the same act"
    " again, unchanged; if denied, do not."
)
_NEXT = {
    "pending": "a person has not decided yet; go on with something else",
    "approved": "do the same act again, unchanged, before `expires_at`",
    "denied": "do not do it; the comment says why",
    "used": "it was approved, and the act was done with it",
    "expired": "its time is over; do the act again to ask anew",
}
_READ = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)


class Requests(Protocol):
    """What is needed of the keeper of approvals."""

    async def get(self, id: str, caller: Caller) -> Approval:
        """One request."""


class ApprovalsPart(Unwatched):
    """`approval_get`; decisions themselves are in the live context, as the topic `approvals`."""

    name = "approvals"
    scope: Scope = "approvals:read"
    prefix = "orchestra://approvals/"
    instructions = "approval_get tells what a person decided about an act that needs approval."

    def __init__(self, requests: Requests) -> None:
        super().__init__()
        self._requests = requests
        self.tools: Sequence[GovernedTool] = [
            GovernedTool.of(
                self.approval_get,
                scope="approvals:read",
                title="See what was decided",
                description=_GET,
                annotations=_READ,
            )
        ]

    async def approval_get(
        self,
        ctx: Context[object, object],
        request_id: Annotated[str, Field(pattern=r"^apr_[0-9a-f]{16}$", max_length=20)],
    ) -> CallToolResult:
        """The request as it stands."""
        approval = await self._requests.get(request_id, caller_of(ctx.request_context))
        said: JsonObject = {
            "id": approval.id,
            "state": approval.state,
            "next": _NEXT[approval.state],
            "summary": approval.summary,
            "reason": approval.reason,
            "decided_by": approval.decided_by,
            "comment": approval.comment,
            "expires_at": _iso(approval.expires_at),
        }
        text = "\n".join(f"{key}: {value}" for key, value in said.items() if value is not None)
        return answered(text, said)


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
