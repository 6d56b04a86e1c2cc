"""Approvals over MCP, in both protocol eras: what was decided, told to the one who asked."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from mcp_types import CallToolResult
from orchestra.context import ContextLog
from orchestra.coordination.governance import Act, Approvals, Audit
from orchestra.mcp import ApprovalsPart, ContextPart, McpEndpoints, Part
from orchestra.mcp.testing import Calls, Connect, McpHost, serving
from orchestra.shared.events import EventLog
from orchestra.shared.identity import Caller
from orchestra.shared.redaction import Redactor

pytestmark = pytest.mark.requirement("agent.enforce")

ADA = Caller("prn_ada", "ada", "human", "k", frozenset({"approvals:decide"}), None)


@pytest.fixture
def approvals(context: tuple[EventLog, ContextLog]) -> Approvals:
    events, _ = context
    audit = Audit(events._database, events, workspace="test")
    return Approvals(events._database, events, audit, workspace="test", redactor=Redactor())


@pytest.fixture
async def host(
    context: tuple[EventLog, ContextLog], approvals: Approvals
) -> AsyncIterator[McpHost]:
    events, log = context

    async def settle() -> None:
        return

    calls = Calls()
    parts: list[Part] = [ContextPart(log, settle), ApprovalsPart(approvals)]
    endpoints = McpEndpoints(parts, version="0.1.0", hosts=["127.0.0.1"], metrics=calls)
    host = McpHost(endpoints, log, events, calls)
    async with endpoints.run(), serving(host) as url:
        host.url = url
        yield host


def structure_of(result: CallToolResult) -> dict[str, Any]:
    assert isinstance(result.structured_content, dict)
    return result.structured_content


async def ask(approvals: Approvals, name: str) -> str:
    caller = Caller(f"prn_{name}", name, "agent", name, frozenset({"approvals:read"}), None)
    act = Act("vercel:deploy", "deploy\x1b[2J", {"n": 1})
    return (await approvals.ask(act, caller, "a person is asked", None)).id


async def test_an_agent_learns_what_was_decided_and_what_to_do(
    connect: Connect, approvals: Approvals
) -> None:
    id = await ask(approvals, "waiter")
    async with connect(name="waiter") as client:
        before = structure_of(await client.call_tool("approval_get", {"request_id": id}))
        await approvals.decide(id, ADA, approve=True, comment="go")
        after = structure_of(await client.call_tool("approval_get", {"request_id": id}))

    assert (before["state"], before["summary"]) == ("pending", "deploy[2J")
    assert "go on with something else" in before["next"]
    assert (after["state"], after["decided_by"], after["comment"]) == ("approved", "ada", "go")
    assert "do the same act again" in after["next"]


async def test_what_another_asked_for_or_a_scope_does_not_give_is_not_told(
    connect: Connect, approvals: Approvals
) -> None:
    theirs = await ask(approvals, "somebody")
    async with connect(name="waiter") as client:
        hidden = await client.call_tool("approval_get", {"request_id": theirs})
        unknown = await client.call_tool("approval_get", {"request_id": "apr_" + "0" * 16})
        for strange in ("apr_../../etc", f"{theirs} ", theirs.upper(), "apr_\u0430" + "0" * 15):
            bad = await client.call_tool("approval_get", {"request_id": strange})
            assert bad.is_error
    async with connect(name="reader", path="/mcp/approvals") as client:
        refused = await client.call_tool("approval_get", {"request_id": theirs})
        listed = (await client.list_tools()).tools

    assert hidden.is_error
    assert structure_of(hidden)["error"]["code"] == structure_of(unknown)["error"]["code"]
    assert structure_of(hidden)["error"]["code"] == "not-found"
    assert structure_of(refused)["error"]["code"] == "forbidden"
    assert listed == []
