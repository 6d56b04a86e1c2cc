"""What comes in is read by the letter: a message means one thing, and so does an argument."""

from typing import Any

import pytest
from mcp_types import CallToolResult, TextContent
from orchestra.mcp.testing import Connect, McpHost

pytestmark = pytest.mark.requirement("mcp.spec")

CALL = (
    b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "context_get",'
    b' "arguments": %s, "_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28",'
    b' "io.modelcontextprotocol/clientCapabilities": {}}}}'
)
HEADERS = {
    "Accept": "application/json, text/event-stream",
    "Content-Type": "application/json",
    "MCP-Protocol-Version": "2026-07-28",
    "Mcp-Method": "tools/call",
    "Mcp-Name": "context_get",
}


def text_of(result: CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


@pytest.mark.parametrize(
    ("tool", "arguments", "wrong"),
    [
        ("context_get", {"max_tokens": "400"}, "max_tokens"),
        ("context_get", {"max_tokens": 400.5}, "max_tokens"),
        ("context_get", {"max_tokens": True}, "max_tokens"),
        ("context_get", {"consistent": "yes"}, "consistent"),
        ("context_get", {"consistent": 1}, "consistent"),
        ("context_get", {"topics": '["ci_runs"]'}, "topics"),
        ("context_get", {"since": 7}, "since"),
        ("context_get", {"since": "null"}, "null"),
        ("context_wait", {"since": "a:1", "timeout_s": "0"}, "timeout_s"),
        ("context_wait", {"since": "a:1", "timeout_s": None}, "timeout_s"),
    ],
)
async def test_an_argument_of_another_type_is_refused_and_never_made_to_fit(
    connect: Connect, tool: str, arguments: dict[str, Any], wrong: str
) -> None:
    async with connect() as client:
        result = await client.call_tool(tool, arguments)
    assert result.is_error
    assert f"`{wrong}`" in text_of(result)
    assert "\nhint: " in text_of(result)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (b'{"consistent": true, "consistent": false}', "the name `consistent` stands twice"),
        (b'{"max_tokens": NaN}', "not JSON"),
        (b'{"max_tokens": Infinity}', "not JSON"),
        (b'{"since": "\\ud800"}', "not JSON"),
        (b'{"since": "\xff"}', "not JSON"),
        (b'{"since": "\x00"}', "not JSON"),
        (b"[" * 5000 + b"]" * 5000, "not JSON"),
    ],
)
async def test_a_body_that_two_readers_would_read_differently_is_refused(
    host: McpHost, arguments: bytes, said: str
) -> None:
    async with host.http() as http:
        answer = await http.post(f"{host.url}/mcp", content=CALL % arguments, headers=HEADERS)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, -32700)
    assert said in error["message"]
    assert host.calls == []


@pytest.mark.parametrize(
    "value", [b"1e400", b"-1", b"1" * 400, b'"\\u0000"', b'"' + b"9" * 10_000 + b'"']
)
async def test_a_value_out_of_bounds_is_an_error_of_the_caller(host: McpHost, value: bytes) -> None:
    async with host.http() as http:
        body = CALL % (b'{"max_tokens": %s}' % value)
        answer = await http.post(f"{host.url}/mcp", content=body, headers=HEADERS)
    said = answer.json()
    assert answer.status_code == 400 or said["result"]["isError"] is True
    assert len(answer.content) < 2000
