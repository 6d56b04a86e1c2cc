"""`orchestra mcp` as agents use it: a subprocess between the SDK's stdio client and a real server."""

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import pytest
import uvicorn
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.subscriptions import ResourceUpdated, SubscriptionLost
from mcp.server.mcpserver import Context, MCPServer
from mcp.shared.exceptions import MCPError
from mcp_types import ResourceUpdatedNotification, TextContent
from starlette.types import ASGIApp, Receive, Scope, Send

# The SDK's client warns of what the handshake era has and the newest has not (November 2026).
pytestmark = pytest.mark.filterwarnings("ignore:resources/:mcp.MCPDeprecationWarning")

KEY = "orc_test"
PROGRAM = (
    "import asyncio, sys; from orchestra.cli import stdio; asyncio.run(stdio.serve(*sys.argv[1:]))"
)
Era = Literal["legacy", "auto"]


class Door:
    """The server behind a key; remembers how each request came."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.requests: list[tuple[str, dict[str, str]]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = {k.decode(): v.decode() for k, v in scope["headers"]}
            self.requests.append((scope["method"], headers))
            if headers.get("authorization") != f"Bearer {KEY}":
                problem = {"detail": "the key is not known", "hint": "ask for another"}
                await answer(send, 401, problem)
                return
        await self._app(scope, receive, send)


async def answer(send: Send, status: int, body: object) -> None:
    content = json.dumps(body).encode()
    headers = [(b"content-type", b"application/problem+json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def make_server(*, json_response: bool) -> Door:
    server = MCPServer("test")
    running = asyncio.Event()

    @server.tool()
    async def echo(text: str, ctx: Context[Any, Any]) -> str:
        await ctx.report_progress(1, 2)
        return text

    @server.tool()
    async def endless() -> str:
        running.set()
        await asyncio.Event().wait()
        return ""

    @server.tool()
    async def until_endless_runs() -> str:
        await running.wait()
        return "it runs"

    @server.tool()
    async def touch(ctx: Context[Any, Any]) -> str:
        await ctx.notify_resource_updated("test://é")
        await ctx.session.send_resource_updated("test://é")
        return "touched"

    @server.resource("test://é")
    async def resource() -> str:
        return "content"

    return Door(server.streamable_http_app(json_response=json_response))


@asynccontextmanager
async def serving(app: ASGIApp, port: int = 0) -> AsyncGenerator[int]:
    # With the protocol named, asyncio sends answers at once instead of waiting for the client.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    config = uvicorn.Config(app, log_config=None, ws="none", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        await task


@pytest.fixture(params=[True, False], ids=["json", "sse"])
def door(request: pytest.FixtureRequest) -> Door:
    return make_server(json_response=request.param)


@pytest.fixture
async def url(door: Door) -> AsyncIterator[str]:
    async with serving(door) as port:
        yield f"http://127.0.0.1:{port}/mcp"


@pytest.fixture(params=["legacy", "auto"])
def era(request: pytest.FixtureRequest) -> Era:
    chosen: Era = request.param
    return chosen


def agent(url: str, era: Era, key: str = KEY, **options: Any) -> Client:  # noqa: ANN401 - passed on
    """An agent that speaks only stdio."""
    command = StdioServerParameters(command=sys.executable, args=["-c", PROGRAM, url, key])
    return Client(command, mode=era, **options)


@pytest.mark.requirement("mcp.servers", "mcp.spec")
async def test_tools_and_resources_work_through_the_proxy(url: str, door: Door, era: Era) -> None:
    text = "é \u2028 \n " * 1000
    async with asyncio.timeout(30), agent(url, era) as client:
        called = await client.call_tool("echo", {"text": text})
        read = await client.read_resource("test://é")
        assert client.protocol_version == ("2025-11-25" if era == "legacy" else "2026-07-28")
    assert isinstance(called.content[0], TextContent)
    assert called.content[0].text == text
    assert read.contents[0].text == "content"  # type: ignore[union-attr]
    if era == "auto":
        methods = {headers.get("mcp-method") for _, headers in door.requests}
        assert {"server/discover", "tools/call", "resources/read"} <= methods
        assert not any("mcp-session-id" in headers for _, headers in door.requests)
    else:
        assert door.requests[-1][0] == "DELETE"  # the session does not stay behind


async def test_progress_arrives_where_the_server_streams(era: Era) -> None:
    seen: list[float] = []

    async def progress(
        progress: float, total: float | None = None, message: str | None = None
    ) -> None:
        seen.append(progress)

    async with (
        asyncio.timeout(30),
        serving(make_server(json_response=False)) as port,
        agent(f"http://127.0.0.1:{port}/mcp", era) as client,
    ):
        await client.call_tool("echo", {"text": ""}, progress_callback=progress)
    assert seen == [1]


@pytest.mark.requirement("ctx.push")
async def test_a_listen_stream_brings_changes(url: str) -> None:
    async with (
        asyncio.timeout(30),
        agent(url, "auto") as client,
        client.listen(resource_subscriptions=["test://é"]) as changes,
    ):
        await client.call_tool("touch", {})
        assert await anext(changes) == ResourceUpdated(uri="test://é")


@pytest.mark.requirement("ctx.push")
async def test_a_session_hears_what_the_server_sends_by_itself(url: str) -> None:
    heard = asyncio.Event()

    async def handler(message: object) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            heard.set()

    async with asyncio.timeout(30), agent(url, "legacy", message_handler=handler) as client:
        while not heard.is_set():  # what is sent before the stream is there is lost, by design
            await client.call_tool("touch", {})


async def test_a_request_can_be_cancelled_while_others_go_on(url: str, era: Era) -> None:
    async with asyncio.timeout(30), agent(url, era) as client:
        await client.list_tools()
        endless = asyncio.create_task(client.call_tool("endless", {}))
        await client.call_tool("until_endless_runs", {})
        endless.cancel()
        with pytest.raises(asyncio.CancelledError):
            await endless
        called = await client.call_tool("echo", {"text": "on"})
    assert isinstance(called.content[0], TextContent)


async def test_a_session_outlives_a_restart_of_the_system() -> None:
    async with asyncio.timeout(60):
        async with serving(make_server(json_response=True)) as port:
            client = agent(f"http://127.0.0.1:{port}/mcp", "legacy")
            await client.__aenter__()
            await client.call_tool("echo", {"text": "one"})
        with pytest.raises(MCPError, match="start it with `orchestra up`"):
            await client.call_tool("echo", {"text": "two"})
        async with serving(make_server(json_response=True), port):
            called = await client.call_tool("echo", {"text": "three"})
            await client.__aexit__(None, None, None)
    assert isinstance(called.content[0], TextContent)
    assert called.content[0].text == "three"


async def test_a_listen_stream_that_breaks_off_is_reported() -> None:
    async with asyncio.timeout(60):
        async with serving(make_server(json_response=True)) as port:
            client = agent(f"http://127.0.0.1:{port}/mcp", "auto")
            await client.__aenter__()
            listening = client.listen(resource_subscriptions=["test://é"])
            changes = await listening.__aenter__()
        with pytest.raises(SubscriptionLost):
            await anext(changes)
        await listening.__aexit__(None, None, None)
        await client.__aexit__(None, None, None)


async def test_a_key_that_is_refused_is_an_error_that_says_so(url: str, era: Era) -> None:
    async with asyncio.timeout(30):
        with pytest.RaisesGroup(
            pytest.RaisesExc(MCPError, match="the key is not known\nhint: ask for another"),
            flatten_subgroups=True,
        ):
            async with agent(url, era, key="orc_wrong"):
                pass


def run(url: str, stdin: bytes) -> tuple[list[Any], str, int]:
    """The messages that one run of the program prints for some input."""
    command = [sys.executable, "-c", PROGRAM, url, KEY]
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=30, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return lines, done.stderr.decode(), done.returncode


async def test_lines_that_are_no_messages_are_answered_and_the_rest_goes_on(url: str) -> None:
    ping = {"jsonrpc": "2.0", "id": "p", "method": "ping"}
    lines = [b"{", b"[]", b"null", b'"\xff"', b'{"id": 7}', b"", b"[" * 100_000]
    lines += [b'{"method": 1, "id": []}', b'{"jsonrpc":"2.0","id":null,"method":"ping"}']
    stdin = b"\n".join([*lines, json.dumps(ping).encode()])
    said, errors, code = await asyncio.to_thread(run, url, stdin)
    assert (errors, code) == ("", 0)
    refused = [m["error"]["code"] for m in said if m["id"] is None]
    assert refused == [-32700, -32600, -32600, -32700, -32700, -32600, -32600]
    assert [m["id"] for m in said if m["id"] is not None] == ["p"]


async def test_without_a_system_each_request_is_answered_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    requests = [
        {"jsonrpc": "2.0", "id": n, "method": m} for n, m in enumerate(["ping", "initialize"])
    ]
    stdin = "\n".join(map(json.dumps, requests)).encode()
    said, errors, code = await asyncio.to_thread(run, f"http://127.0.0.1:{port}/mcp", stdin)
    assert (errors, code) == ("", 0)
    assert sorted(m["id"] for m in said) == [0, 1]
    assert all("start it with `orchestra up`" in m["error"]["message"] for m in said)


async def test_a_signal_ends_the_program_and_the_session(door: Door, url: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, url, KEY,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    hello = {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    }
    request = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(request).encode() + b"\n")
    async with asyncio.timeout(30):
        assert json.loads(await process.stdout.readline())["id"] == 1
        process.terminate()
        rest, errors = await process.communicate()
    assert (rest, errors, process.returncode) == (b"", b"", 0)
    assert door.requests[-1][0] == "DELETE"
