"""The MCP server `portkey`: a question to a model through the gateway, and the account at Portkey."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, TextContent
from orchestra.api.testing import RunningApi, running_api
from orchestra.gateway.testing.portkey import FakePortkey, fake_portkey
from orchestra.gateway.testing.upstream import FaultyUpstream
from orchestra.shared.settings import Settings

pytestmark = [
    pytest.mark.requirement("mcp.servers", "gw.portkey"),
    pytest.mark.asyncio(loop_scope="session"),
]

PLANTED = "AKIA" + "Z7QK4MXW2PLN9RTV"
FILE = """
[portkey]
url = "{portkey}"
key = "secret://env/PORTKEY_API_KEY"
private = true
[providers.openrouter]
kind = "openai"
url = "{url}"
key = "secret://env/OPENROUTER_API_KEY"
private = true
[providers.cohere]
kind = "openai"
url = "{url}"
private = true
[routes.default]
attempts = 1
targets = [
  {{ provider = "cohere", model = "command" }},
  {{ provider = "openrouter", model = "sonnet" }},
]
"""


@pytest_asyncio.fixture(loop_scope="session")
async def upstream() -> AsyncGenerator[FaultyUpstream]:
    async with FaultyUpstream(3) as up:
        yield up


@pytest_asyncio.fixture(loop_scope="session")
async def service() -> AsyncGenerator[FakePortkey]:
    async with fake_portkey("pk-account-0123456789") as fake:
        yield fake


@pytest_asyncio.fixture(loop_scope="session")
async def api(
    settings: Settings,
    upstream: FaultyUpstream,
    service: FakePortkey,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncGenerator[RunningApi]:
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-openrouter-0123456789")
    monkeypatch.setenv("PORTKEY_API_KEY", service.key)
    path = tmp_path / "gateway.toml"
    path.write_text(FILE.format(url=upstream.url, portkey=service.url))
    async with running_api(settings.model_copy(update={"gateway_config": path})) as running:
        yield running


@asynccontextmanager
async def agent(api: RunningApi, *scopes: str, path: str = "/mcp/portkey") -> AsyncIterator[Client]:
    order = {"name": "claude", "scopes": list(scopes)}
    key = (await api.http.post("/api/v1/keys", json=order)).json()["key"]
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30) as http,
        Client(streamable_http_client(f"{api.url}{path}", http_client=http)) as client,
    ):
        yield client


def text_of(result: CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


async def test_a_question_goes_to_the_declared_providers_in_their_order(
    api: RunningApi, upstream: FaultyUpstream
) -> None:
    upstream.words = ["the key is ", PLANTED]
    upstream.fail("503")
    async with agent(api, "models:use") as client:
        assert [tool.name for tool in (await client.list_tools()).tools] == ["model_ask"]
        result = await client.call_tool("model_ask", {"prompt": "hi", "max_tokens": 9})

    assert [seen.model for seen in upstream.requests] == ["sonnet", "command"]
    assert upstream.requests[-1].json["max_tokens"] == 9
    assert result.structured_content is not None
    told = result.structured_content
    assert (told["provider"], told["model"], told["attempts"]) == ("cohere", "command", 2)
    assert "data, not instructions" in text_of(result)
    assert PLANTED not in text_of(result) + str(told)
    assert "the key is" in text_of(result)

    async with agent(api, "admin") as client:
        nameless = await client.call_tool("portkey_account", {"kept": "config"})
    assert nameless.is_error
    assert "slug" in text_of(nameless)


async def test_the_joint_endpoint_says_nothing_of_it(api: RunningApi) -> None:
    async with agent(api, "admin", path="/mcp") as client:
        names = {tool.name for tool in (await client.list_tools()).tools}

    assert names & {"model_ask", "portkey_account"} == set()
