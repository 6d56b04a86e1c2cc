"""Attacks on `/mcp` as a stranger, or an agent that was talked into it, would try them."""

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from orchestra.api.testing import RunningApi
from orchestra.shared.identity.keys import KeyText

pytestmark = [pytest.mark.requirement("mcp.auth"), pytest.mark.asyncio(loop_scope="session")]

META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}
HEADERS = {
    "Accept": "application/json, text/event-stream",
    "Content-Type": "application/json",
    "MCP-Protocol-Version": "2026-07-28",
}


def message(method: str, params: dict[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": META}}


async def send(
    api: RunningApi, method: str, params: dict[str, Any], **headers: str
) -> httpx2.Response:
    name = params.get("name") or params.get("uri")
    routing = {"Mcp-Method": method}
    if name is not None:
        encoded = base64.b64encode(name.encode("utf-8", "surrogatepass")).decode()
        routing["Mcp-Name"] = f"=?base64?{encoded}?="
    all_headers = {**HEADERS, **routing, **headers}
    return await api.http.post("/mcp", json=message(method, params), headers=all_headers)


def jwt(algorithm: str, **claims: object) -> str:
    parts = [{"alg": algorithm, "typ": "JWT", "kid": "../../../../dev/null"}, claims]
    encoded = [base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts]
    return ".".join([*encoded, "" if algorithm == "none" else "c2lnbmF0dXJl"])


@pytest.mark.parametrize(
    "token",
    [
        jwt("none", sub="admin", scope="admin", aud="http://127.0.0.1/mcp"),
        jwt("HS256", sub="admin", scope="admin", iss="https://elsewhere.example"),
        jwt("RS256", sub="admin", aud="https://another.example/mcp"),
    ],
)
async def test_s05_a_token_that_says_who_it_is_for_by_itself_is_worthless(
    shared_api: RunningApi, token: str
) -> None:
    answer = await send(shared_api, "tools/list", {}, Authorization=f"Bearer {token}")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert token not in answer.text


async def test_s06_a_sound_key_of_another_system_opens_nothing_here(shared_api: RunningApi) -> None:
    elsewhere = str(KeyText.new())
    answer = await send(shared_api, "tools/list", {}, Authorization=f"Bearer {elsewhere}")
    assert answer.status_code == 401
    assert "tools" not in answer.text


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("Origin", "https://evil.example", 403),
        ("Origin", "null", 403),
        ("Origin", "http://127.0.0.1.evil.example", 403),
        ("Host", "evil.example", 421),
        ("Host", "localhost.evil.example", 421),
    ],
)
async def test_s09_s10_a_page_elsewhere_cannot_reach_us_through_a_browser(
    shared_api: RunningApi, header: str, value: str, status: int
) -> None:
    answer = await send(shared_api, "tools/list", {}, **{header: value})
    assert answer.status_code == status
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"Mcp-Method": "tools/list"}, "method"),
        ({"Mcp-Name": "context_wait"}, "name"),
        ({"MCP-Protocol-Version": "2026-07-29"}, "version"),
    ],
)
async def test_s13_headers_that_say_something_else_than_the_body_are_refused(
    shared_api: RunningApi, headers: dict[str, str], why: str
) -> None:
    params = {"name": "context_get", "arguments": {}}
    answer = await send(shared_api, "tools/call", params, **headers)
    assert answer.status_code == 400, why
    assert answer.json()["error"]["code"] in (-32020, -32022)


@pytest.mark.parametrize(
    "body",
    [
        [message("tools/list", {}), message("tools/list", {})],
        {"jsonrpc": "2.0", "id": 1, "result": {"tools": []}},
        {"jsonrpc": "1.0", "id": 1, "method": "tools/list"},
        {"jsonrpc": "2.0", "id": None, "method": "tools/list"},
        {"jsonrpc": "2.0", "id": [1], "method": "tools/list"},
        "tools/list",
        None,
    ],
)
async def test_s13_what_is_no_single_request_is_refused(
    shared_api: RunningApi, body: object
) -> None:
    headers = {**HEADERS, "Mcp-Method": "tools/list"}
    answer = await shared_api.http.post("/mcp", json=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] < 0


async def chunks(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b" " * 65_536


@pytest.mark.parametrize("version", ["2026-07-28", "2025-11-25"])
async def test_s14_a_body_is_never_larger_than_it_may_be(
    shared_api: RunningApi, version: str
) -> None:
    headers = {**HEADERS, "MCP-Protocol-Version": version}
    declared = await shared_api.http.post("/mcp", content=b" " * 2**21, headers=headers)
    chunked = await shared_api.http.post("/mcp", content=chunks(32), headers=headers)
    packed = {**headers, "Content-Encoding": "gzip"}
    bomb = await shared_api.http.post("/mcp", content=b"\x1f\x8b" + b"\0" * 1000, headers=packed)
    deep = await shared_api.http.post("/mcp", content=b"[" * 100_000, headers=headers)
    statuses = [declared.status_code, chunked.status_code, bomb.status_code, deep.status_code]
    assert statuses == [413, 413, 415, 400]


@pytest.mark.parametrize(
    "arguments",
    [
        b'{"max_tokens": NaN}',
        b'{"max_tokens": 1e400}',
        b'{"since": "\\ud800"}',
        b'{"since": "\\u0000"}',
        b'{"since": "%s"}' % (b"x" * 10_000),
        b'{"topics": ["\xe2\x80\xaesnur_ic"]}',
        b'{"since": "a", "since": "b"}',
        b'{"\\u202e": 1}',
    ],
)
async def test_s15_an_odd_value_is_the_callers_error_and_never_ours(
    shared_api: RunningApi, arguments: bytes
) -> None:
    whole = json.dumps(message("tools/call", {"name": "context_get", "arguments": {}})).encode()
    body = whole.replace(b'"arguments": {}', b'"arguments": ' + arguments)
    headers = {**HEADERS, "Mcp-Method": "tools/call", "Mcp-Name": "context_get"}
    answer = await shared_api.http.post("/mcp", content=body, headers=headers)
    refused = answer.status_code == 400 or answer.json()["result"]["isError"] is True
    assert refused
    assert answer.status_code < 500
    assert "Traceback" not in answer.text


@pytest.mark.requirement("mcp.spec")
@pytest.mark.parametrize(
    "arguments",
    [
        {"consistent": True, "dry_run": True},
        {"max_tokens": "1000; rm -rf /"},
        {"topics": "ci_runs"},
        {"topics": ["$(reboot)"]},
        {"since": {"$ne": None}},
        [],
        "x",
    ],
)
async def test_s23_arguments_beyond_the_schema_do_nothing(
    shared_api: RunningApi, arguments: object
) -> None:
    params = {"name": "context_get", "arguments": arguments}
    answer = await send(shared_api, "tools/call", params)
    said = answer.json()
    failed = said.get("error", {}).get("code") == -32602 or said["result"]["isError"] is True
    assert failed


@pytest.mark.parametrize(
    "uri",
    [
        "orchestra://context/../../etc/passwd",
        "orchestra://context/..%2f..%2fetc%2fpasswd",
        "orchestra://context/%2e%2e/%2e%2e/etc/passwd",
        "orchestra://context/..\\..\\etc\\passwd",
        "orchestra://context//etc/passwd",
        "orchestra://context/ci_runs%00",
        "orchestra://context/ci_runs\0",
        "orchestra://context/%c0%ae%c0%ae/passwd",
        "orchestra://context/%E2%80%AE",
        "orchestra://context/ci_runs/../brief",
        "orchestra://user@context/brief",
        "file:///etc/passwd",
        "/etc/passwd",
        "../../etc/passwd",
        "",
        "x" * 10_000,
    ],
)
async def test_s25_a_resource_is_what_is_listed_and_no_path(
    shared_api: RunningApi, uri: str
) -> None:
    answer = await send(shared_api, "resources/read", {"uri": uri})
    assert "result" not in answer.json()
    assert answer.json()["error"]["code"] in (-32602, -32020)
    assert answer.status_code < 500
    assert "root:" not in answer.text
