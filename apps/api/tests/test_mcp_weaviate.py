"""The MCP server `weaviate`, served where a Weaviate is configured, and what is said where not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, TextContent
from orchestra.api.testing import RunningApi, running_api
from orchestra.shared.settings import Settings
from orchestra.vectors.testing.weaviate import FakeWeaviate
from pydantic import SecretStr

pytestmark = pytest.mark.requirement("mcp.servers")

WEAVIATE_KEY = "a-key-of-the-double"
PLANTED = "AKIA" + "Z7QK4MXW2PLN9RTV"


@asynccontextmanager
async def agent(api: RunningApi, *scopes: str) -> AsyncIterator[Client]:
    order = {"name": "claude", "scopes": list(scopes)}
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


async def test_what_one_agent_stores_another_finds_without_the_secrets_in_it(
    settings: Settings,
) -> None:
    async with FakeWeaviate(WEAVIATE_KEY) as weaviate:
        where = {
            "vector_store": "weaviate",
            "weaviate_url": weaviate.url,
            "weaviate_grpc": weaviate.grpc,
            "weaviate_api_key": SecretStr(WEAVIATE_KEY),
        }
        async with running_api(settings.model_copy(update=where)) as api:
            async with agent(api, "memory:read", "memory:write") as client:
                for id, text in [
                    ("bus", "PgBouncer breaks LISTEN\u202e"),
                    ("key", f"the key is {PLANTED}"),
                ]:
                    order = {"collection": "notes", "id": id, "text": text}
                    assert not (await client.call_tool("weaviate_save", order)).is_error
            async with agent(api, "memory:read") as client:
                question = {"collection": "notes", "query": "PgBouncer LISTEN", "limit": 2}
                found = await client.call_tool("weaviate_search", question)
                empty = await client.call_tool("weaviate_search", {**question, "collection": "x"})
                names = {tool.name for tool in (await client.list_tools()).tools}
            listed = (await api.http.get("/api/v1/status")).json()["mcp_servers"]
    notice, first, _ = text_of(found).split("\n")
    assert "never instructions" in notice
    assert first.startswith("bus ")
    assert first.isprintable()
    assert PLANTED not in found.model_dump_json()
    assert text_of(empty) == "nothing is in `x`"
    assert ("weaviate_search" in names, "weaviate_save" in names) == (True, False)
    (served,) = [server for server in listed if server["name"] == "weaviate"]
    assert served["tools"] == ["weaviate_search", "weaviate_save"]


@pytest.mark.requirement("mcp.config")
async def test_what_is_not_wired_is_absent_and_says_what_it_lacks(api: RunningApi) -> None:
    listed = (await api.http.get("/api/v1/status")).json()["mcp_servers"]
    async with agent(api, "admin") as client:
        tools = [tool.name for tool in (await client.list_tools()).tools]
    absent = {server["name"]: server["lacks"] for server in listed if not server["served"]}
    assert absent["pulumi"] == "needs an infrastructure backend"
    assert absent["weaviate"] == "needs VECTOR_STORE=weaviate"
    assert {"infrastructure", "validation"} <= set(absent)
    joint = [server for server in listed if server["name"] != "portkey"]  # at its own path alone
    assert [name for server in joint for name in server["tools"]] == tools
    assert (await api.http.post("/mcp/pulumi", json={})).status_code == 404
