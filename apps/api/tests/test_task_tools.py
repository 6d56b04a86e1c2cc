"""Tasks and hand-offs over MCP, from one agent to the next."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, TextContent, TextResourceContents
from orchestra.api.testing import RunningApi

pytestmark = [pytest.mark.requirement("agent.handoff"), pytest.mark.asyncio(loop_scope="session")]


@asynccontextmanager
async def agent(api: RunningApi, name: str) -> AsyncIterator[Client]:
    order = {"name": name, "scopes": ["tasks:read", "tasks:write"]}
    key = (await api.http.post("/api/v1/keys", json=order)).json()["key"]
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30) as http,
        Client(streamable_http_client(f"{api.url}/mcp", http_client=http)) as client,
    ):
        yield client


def text_of(result: CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


async def call(client: Client, name: str, **arguments: object) -> dict[str, Any]:
    result = await client.call_tool(name, arguments)
    assert not result.is_error, text_of(result)
    assert result.structured_content is not None
    return dict(result.structured_content)


async def test_a_task_goes_from_one_agent_to_the_next(shared_api: RunningApi) -> None:
    made = (await shared_api.http.post("/api/v1/tasks", json={"title": "Mend it"})).json()
    async with agent(shared_api, "claude") as claude, agent(shared_api, "codex@desk") as codex:
        listed = await call(claude, "task_list", state="open")
        assert made["id"] in [task["task_id"] for task in listed["tasks"]]
        token = (await call(claude, "task_claim", task_id=made["id"]))["fencing_token"]
        mine = {"task_id": made["id"], "fencing_token": token}
        said = {"next_step": "link it", "decisions": [{"what": "gold", "why": "fast"}]}
        await call(claude, "task_update", **mine, progress=said)
        handed = await call(claude, "handoff_create", **mine, to="codex")

        waiting = await call(codex, "handoff_get")
        assert [(one["id"], one["to_me"]) for one in waiting["waiting"]] == [(handed["id"], True)]
        taken = await call(codex, "handoff_accept", id=handed["id"])
        assert taken["packet"]["next_step"] == "link it"
        assert taken["packet"]["decisions"] == [{"what": "gold", "why": "fast"}]
        assert taken["fencing_token"] == token + 1

        stale = await claude.call_tool("task_update", {**mine, "close": "complete"})
        assert stale.is_error
        assert "held by codex@desk" in text_of(stale)
        closing = {"fencing_token": token + 1, "close": "complete", "result": "it links"}
        done = await call(codex, "task_update", task_id=made["id"], **closing)
        assert done["state"] == "done"


async def test_a_hand_off_is_a_resource_for_those_who_may_know_of_it(
    shared_api: RunningApi,
) -> None:
    body = {"title": "Mend it", "to": "codex"}
    made = (await shared_api.http.post("/api/v1/handoffs", json=body)).json()
    uri = f"orchestra://handoffs/{made['id']}"
    async with agent(shared_api, "codex") as codex, agent(shared_api, "cursor") as cursor:
        (content,) = (await codex.read_resource(uri)).contents
        assert isinstance(content, TextResourceContents)
        assert made["id"] in content.text
        with pytest.raises(MCPError, match="there is no hand-off"):
            await cursor.read_resource(uri)


async def test_progress_that_does_not_fit_says_what_would(shared_api: RunningApi) -> None:
    made = (await shared_api.http.post("/api/v1/tasks", json={"title": "Mend it"})).json()
    async with agent(shared_api, "claude") as claude:
        token = (await call(claude, "task_claim", task_id=made["id"]))["fencing_token"]
        mine = {"task_id": made["id"], "fencing_token": token}
        for progress in ({"next": "x"}, {"done": "x"}, {"decisions": [{"why": "x"}]}):
            refused = await claude.call_tool("task_update", {**mine, "progress": progress})
            assert refused.is_error
            assert "its keys are in_progress, next_step" in text_of(refused)
