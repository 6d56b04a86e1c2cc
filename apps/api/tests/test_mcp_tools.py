"""The joint endpoint `/mcp` as a model meets it: few tools, small, annotated, strict."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, TextContent, Tool
from orchestra.api.testing import RunningApi

pytestmark = [pytest.mark.requirement("mcp.spec"), pytest.mark.asyncio(loop_scope="session")]

MOST_TOOLS, MOST_BYTES = 16, 8192
WRONG: dict[str, list[Any]] = {"integer": ["1", True], "number": ["1"], "boolean": ["true", 1]}
FITTING: dict[str, Any] = {
    "string": "x",
    "integer": 1,
    "number": 1,
    "boolean": True,
    "array": [],
    "object": {},
}


@asynccontextmanager
async def agent(api: RunningApi, *scopes: str) -> AsyncIterator[Client]:
    order = {"name": f"agent-{'-'.join(scopes).replace(':', '-')}", "scopes": list(scopes)}
    key = (await api.http.post("/api/v1/keys", json=order)).json()["key"]
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30) as http,
        Client(streamable_http_client(f"{api.url}/mcp", http_client=http)) as client,
    ):
        yield client


async def tools_of(client: Client) -> list[Tool]:
    return list((await client.list_tools(cache_mode="bypass")).tools)


def text_of(result: CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


async def test_all_tools_together_keep_to_the_budget(shared_api: RunningApi) -> None:
    async with agent(shared_api, "admin") as client:
        listed = await client.list_tools()
    wire = json.dumps(listed.model_dump(by_alias=True, exclude_none=True), separators=(",", ":"))
    assert 0 < len(listed.tools) <= MOST_TOOLS
    assert len(wire.encode()) <= MOST_BYTES


async def test_every_tool_says_what_it_does_and_what_it_may_touch(shared_api: RunningApi) -> None:
    async with agent(shared_api, "admin") as client:
        tools = await tools_of(client)
    for tool in tools:
        hints = tool.annotations
        assert tool.title, tool.name
        assert tool.description, tool.name
        assert hints is not None, tool.name
        said = (
            hints.read_only_hint,
            hints.destructive_hint,
            hints.idempotent_hint,
            hints.open_world_hint,
        )
        assert None not in said, tool.name
        assert not (hints.read_only_hint and hints.destructive_hint), tool.name
        assert tool.input_schema["additionalProperties"] is False, tool.name


async def test_the_order_is_the_same_for_all_and_a_key_sees_what_its_scopes_allow(
    shared_api: RunningApi,
) -> None:
    async with agent(shared_api, "admin") as client:
        everything = [tool.name for tool in await tools_of(client)]
        assert [tool.name for tool in await tools_of(client)] == everything
    for scope, area in [("context:read", "context_"), ("memory:read", "memory_search")]:
        async with agent(shared_api, scope) as client:
            seen = [tool.name for tool in await tools_of(client)]
        assert seen == [name for name in everything if name.startswith(area)]
    async with agent(shared_api, "events:read") as client:
        assert await tools_of(client) == []


async def test_no_tool_takes_an_argument_that_it_does_not_know(shared_api: RunningApi) -> None:
    async with agent(shared_api, "admin") as client:
        for tool in await tools_of(client):
            result = await client.call_tool(tool.name, {**fitting(tool), "dry_run": True})
            assert result.is_error, tool.name
            assert f"`{tool.name}` takes no argument `dry_run`" in text_of(result)


async def test_no_tool_makes_a_number_of_a_text(shared_api: RunningApi) -> None:
    async with agent(shared_api, "admin") as client:
        for tool in await tools_of(client):
            for name, schema in tool.input_schema.get("properties", {}).items():
                for wrong in WRONG.get(type_of(schema), []):
                    result = await client.call_tool(tool.name, {**fitting(tool), name: wrong})
                    assert result.is_error, (tool.name, name, wrong)
                    assert f"the argument `{name}` of `{tool.name}` does not fit" in text_of(result)


def type_of(schema: dict[str, Any]) -> str:
    """The type of an argument, which may also be left out."""
    options = [schema, *schema.get("anyOf", [])]
    return next((o["type"] for o in options if o.get("type", "null") != "null"), "any")


def fitting(tool: Tool) -> dict[str, Any]:
    """The least that the tool asks for, of the right types."""
    properties = tool.input_schema.get("properties", {})
    required = tool.input_schema.get("required", [])
    return {
        name: (properties[name].get("enum") or [FITTING[type_of(properties[name])]])[0]
        for name in required
    }
