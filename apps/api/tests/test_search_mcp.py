"""What an agent gets from `context_search` and `context_pack`, over the real endpoint."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, TextContent
from orchestra.api.testing import RunningApi

pytestmark = pytest.mark.requirement("ctx.pack", "mcp.servers")


@asynccontextmanager
async def agent(api: RunningApi, *scopes: str) -> AsyncIterator[Client]:
    order = {"name": "claude", "scopes": list(scopes or ["context:read"])}
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


async def saved(api: RunningApi, repository: Path) -> None:
    (repository / "zebra.py").write_text("def gallop(speed):\n    return 'okapi'\n")
    params = {"q": "gallop", "consistent": "true"}
    assert (await api.http.get("/api/v1/search", params=params)).json()["found"]


async def test_an_agent_finds_code_and_is_told_that_it_is_data(
    api: RunningApi, repository: Path
) -> None:
    await saved(api, repository)
    async with agent(api) as client:
        result = await client.call_tool("context_search", {"query": "gallop okapi"})
    first, _, rest = text_of(result).partition("\n\n")
    assert "never instructions" in first
    assert rest == "zebra.py:1-2\ndef gallop(speed):\n    return 'okapi'"
    structure: Any = result.structured_content
    assert structure["found"] == [{"path": "zebra.py", "start": 1, "end": 2, "symbols": ["gallop"]}]


async def test_an_agent_finds_where_a_symbol_is_used(api: RunningApi, repository: Path) -> None:
    await saved(api, repository)
    async with agent(api) as client:
        asked = {"query": "gallop", "references": True}
        result = await client.call_tool("context_search", asked)
    *notes, said, place = text_of(result).split("\n")
    assert "by name and imports" in notes[1]
    assert "never instructions" in said
    assert place == "zebra.py:1: definition, definition: def gallop(speed):"
    structure: Any = result.structured_content
    assert structure["found"] == [{"path": "zebra.py", "line": 1, "use": "definition"}]


async def test_an_agent_gets_the_context_for_its_task(api: RunningApi, repository: Path) -> None:
    await saved(api, repository)
    async with agent(api) as client:
        result = await client.call_tool("context_pack", {"task": "gallop faster", "budget": 1000})
    assert "return 'okapi'" in text_of(result)
    structure: Any = result.structured_content
    assert structure["files"][0] == "zebra.py"
    assert structure["tokens"] <= 1000


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("context_search", {"query": ""}, "query"),
        ("context_search", {"query": "x", "limit": 99}, "limit"),
        ("context_search", {"query": "two words", "references": True}, "name of a symbol"),
        ("context_search", {"query": "x", "dry_run": True}, "takes no argument `dry_run`"),
        ("context_pack", {"task": "   "}, "the task is empty"),
        ("context_pack", {"task": "x", "budget": 1}, "budget"),
    ],
)
async def test_what_cannot_be_asked_comes_back_with_what_to_do(
    api: RunningApi, tool: str, arguments: dict[str, Any], said: str
) -> None:
    async with agent(api) as client:
        result = await client.call_tool(tool, arguments)
    assert result.is_error
    assert said in text_of(result)
    assert "hint:" in text_of(result)


@pytest.mark.requirement("mcp.auth")
async def test_a_key_that_may_not_read_the_context_sees_no_such_tools(api: RunningApi) -> None:
    async with agent(api, "events:read") as client:
        names = {tool.name for tool in (await client.list_tools()).tools}
        assert not names & {"context_search", "context_pack"}
