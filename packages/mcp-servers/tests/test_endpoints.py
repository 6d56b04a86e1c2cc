"""What the endpoints promise to the model, to the host, and to strangers."""

import asyncio
import json
from typing import Any

import httpx2
import pytest
from mcp.client.subscriptions import ResourceUpdated
from mcp.shared.exceptions import MCPError
from mcp_types import TextContent
from orchestra.mcp.testing import Connect, McpHost

# The SDK's client warns of what the handshake era has and the newest has not (November 2026).
pytestmark = pytest.mark.filterwarnings("ignore:resources/:mcp.MCPDeprecationWarning")

META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


async def post(
    http: httpx2.AsyncClient, url: str, method: str, params: dict[str, Any], **headers: str
) -> httpx2.Response:
    """One request of the stateless era."""
    known = {
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": method,
    }
    if "name" in params:
        known["Mcp-Name"] = params["name"]
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": META}}
    return await http.post(f"{url}/mcp", json=body, headers={**known, **headers})


@pytest.mark.requirement("mcp.spec")
async def test_the_tools_fit_into_the_budget_and_tell_what_they_do(
    host: McpHost, connect: Connect
) -> None:
    async with connect() as client:
        listed = await client.list_tools()
        assert "never instructions" in (client.instructions or "")
    assert [tool.name for tool in listed.tools] == ["context_get", "context_wait"]
    wire = json.dumps(listed.model_dump(by_alias=True, exclude_none=True), separators=(",", ":"))
    assert len(listed.tools) <= 16
    assert len(wire) <= 2200  # of 8,192 for all the tools that will ever be on one endpoint
    for tool in listed.tools:
        assert tool.description
        assert tool.input_schema["additionalProperties"] is False
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint is True
        assert tool.annotations.destructive_hint is False
        assert tool.annotations.idempotent_hint is True
        assert tool.annotations.open_world_hint is False


@pytest.mark.requirement("mcp.auth")
async def test_a_key_without_the_scope_sees_nothing_and_may_nothing(
    host: McpHost, connect: Connect
) -> None:
    async with connect(name="hooks") as client:
        assert (await client.list_tools()).tools == []
        assert (await client.list_resources()).resources == []
        assert (await client.list_resource_templates()).resource_templates == []
        called = await client.call_tool("context_get", {})
        with pytest.raises(MCPError, match="lacks the scope `context:read`"):
            await client.read_resource("orchestra://context/brief")
    assert called.is_error
    assert isinstance(called.content[0], TextContent)
    assert "lacks the scope `context:read`" in called.content[0].text


@pytest.mark.requirement("mcp.auth")
@pytest.mark.parametrize("uris", [[], ["orchestra://context/brief"]])
async def test_a_key_without_the_scope_cannot_listen(host: McpHost, uris: list[str]) -> None:
    async with host.client("auto", name="hooks") as client:
        with pytest.raises(MCPError, match="lacks the scope `context:read`"):
            async with client.listen(tools_list_changed=True, resource_subscriptions=uris):
                pass


@pytest.mark.requirement("mcp.auth")
async def test_a_key_without_the_scope_cannot_subscribe(host: McpHost) -> None:
    async with host.client("legacy", name="hooks") as client:
        with pytest.raises(MCPError, match="lacks the scope `context:read`"):
            await client.session.subscribe_resource("orchestra://context/brief")


async def test_a_tool_that_is_not_there_is_an_error_that_names_the_others(
    host: McpHost, connect: Connect
) -> None:
    async with connect() as client:
        with pytest.raises(MCPError, match="call one of: context_get, context_wait"):
            await client.call_tool("context_set", {})
    assert host.calls == []


@pytest.mark.requirement("mcp.auth")
async def test_a_session_belongs_to_the_key_that_opened_it(host: McpHost) -> None:
    async with host.client("legacy") as client, host.http("second") as stranger:
        await client.list_tools()
        (session,) = host.endpoints._servers["/mcp"].session_manager._server_instances
        headers = {"Mcp-Session-Id": session, "Accept": "application/json, text/event-stream"}
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        answer = await stranger.post(f"{host.url}/mcp", json=body, headers=headers)
        ended = await stranger.delete(f"{host.url}/mcp", headers=headers)
    assert (answer.status_code, ended.status_code) == (404, 404)


@pytest.mark.requirement("mcp.auth")
async def test_a_request_without_a_caller_is_refused(host: McpHost) -> None:
    async with httpx2.AsyncClient() as http:
        answer = await post(http, host.url, "tools/list", {})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.requirement("mcp.auth")
@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("Host", "evil.example", 421),
        ("Host", "127.0.0.1.evil.example", 421),
        ("Origin", "https://evil.example", 403),
        ("Origin", "null", 403),
        ("Origin", "http://127.0.0.1:8700", 200),
    ],
)
async def test_host_and_origin_are_checked(
    host: McpHost, header: str, value: str, status: int
) -> None:
    async with host.http() as http:
        answer = await post(http, host.url, "tools/list", {}, **{header: value})
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b'{"jsonrpc": "2.0", "id": {}, "method": "tools/list"}', 400),
        (b"[" * 50_000, 400),
        (b'"\xff"', 400),
        (b" " * (1024 * 1024 + 1), 413),
    ],
)
@pytest.mark.parametrize("version", ["2026-07-28", "2025-11-25"])
async def test_broken_bodies_are_refused(
    host: McpHost, body: bytes, status: int, version: str
) -> None:
    headers = {
        "Accept": "application/json, text/event-stream",
        "Content-Type": "application/json",
        "MCP-Protocol-Version": version,
    }
    async with host.http() as http:
        answer = await http.post(f"{host.url}/mcp", content=body, headers=headers)
    assert answer.status_code == status


@pytest.mark.requirement("mcp.spec")
async def test_space_around_a_header_is_not_part_of_it(host: McpHost) -> None:
    params = {"name": "context_get", "arguments": {}, "_meta": META}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    body = json.dumps(call)
    head = (
        "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        "Authorization: Bearer reader\r\nContent-Type: application/json\r\n"
        "Accept: application/json\r\nMCP-Protocol-Version: 2026-07-28\r\n"
        f"Mcp-Method:\t tools/call  \r\nMcp-Name:   context_get \t\r\nContent-Length: {len(body)}"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", int(host.url.rsplit(":", 1)[1]))
    writer.write(f"{head}\r\n\r\n{body}".encode())
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 200")


async def test_a_server_that_is_not_there_names_those_that_are(host: McpHost) -> None:
    async with host.http() as http:
        answer = await http.post(f"{host.url}/mcp/weather", json={})
    assert answer.status_code == 404
    assert "/mcp, /mcp/context" in answer.json()["error"]["message"]


@pytest.mark.requirement("ctx.push")
async def test_close_ends_streams_and_waits_at_once(host: McpHost) -> None:
    version = await host.publish("ci_runs", {})
    wait = {"since": version}
    async with (
        asyncio.timeout(10),
        host.client("auto") as modern,
        modern.listen(resource_subscriptions=["orchestra://context/brief"]) as changes,
        host.client("legacy") as legacy,
        host.http() as http,
    ):
        for client in (modern, legacy):
            await client.list_tools()
        waits = [asyncio.create_task(c.call_tool("context_wait", wait)) for c in (modern, legacy)]
        while sum(len(door._open) for door in host.endpoints._doors.values()) < 4:
            await asyncio.sleep(0.01)
        host.endpoints.close()
        assert [change async for change in changes] == []  # a graceful end, not a broken stream
        for result in await asyncio.gather(*waits):
            assert result.structured_content == {"version": version, "unchanged": True}
        late = await post(http, host.url, "tools/list", {})
    assert late.status_code == 503


@pytest.mark.requirement("mcp.auth")
async def test_nothing_stays_open_for_longer_than_its_key_is_good(host: McpHost) -> None:
    listen = {"notifications": {"resourceSubscriptions": ["orchestra://context/brief"]}}
    async with asyncio.timeout(10), host.http("expired") as http:
        answer = await post(http, host.url, "subscriptions/listen", listen)
    assert answer.status_code == 401
    assert "expired" in answer.text


@pytest.mark.requirement("mcp.auth")
async def test_revoking_a_key_ends_what_it_has_open_and_nothing_else(host: McpHost) -> None:
    version = await host.publish("ci_runs", {})
    brief = ["orchestra://context/brief"]
    listen = {"notifications": {"resourceSubscriptions": brief}}
    async with (
        asyncio.timeout(10),
        host.client("auto", name="second") as other,
        other.listen(resource_subscriptions=brief) as changes,
        host.http() as http,
    ):
        streaming = asyncio.create_task(post(http, host.url, "subscriptions/listen", listen))
        wait = {"name": "context_wait", "arguments": {"since": version}}
        waiting = asyncio.create_task(post(http, host.url, "tools/call", wait))
        while len(host.endpoints._doors["/mcp"]._open) < 3:
            await asyncio.sleep(0.01)
        host.endpoints.end("reader")
        assert (await waiting).status_code == 401
        assert (await streaming).status_code in (200, 401)
        await host.publish("ci_runs", {"n": 1})
        assert await anext(changes) == ResourceUpdated(uri=brief[0])
