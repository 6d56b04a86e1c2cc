"""For tests: a host around the endpoints, as the API is one, and clients of both protocol eras."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import httpx2
import uvicorn
from orchestra.context import ContextLog
from orchestra.mcp.endpoints import McpEndpoints
from orchestra.mcp.metrics import ToolCall
from orchestra.shared.events import EventLog
from orchestra.shared.identity import Caller
from orchestra.shared.json import JsonValue
from starlette.types import ASGIApp, Receive, Scope, Send

from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

Era = Literal["legacy", "auto"]
"""The SDK's words for the handshake era, and for the newest that the server speaks."""
_EXPIRED = datetime(2026, 1, 1, tzinfo=UTC)
SCOPES = {
    "expired": ["context:read"],
    "reader": ["context:read"],
    "second": ["context:read"],
    "hooks": ["webhooks:manage"],
    "scribe": ["memory:read", "memory:write"],
    "listener": ["memory:read"],
    "waiter": ["approvals:read"],
    "planner": ["infra:preview"],
    "operator": ["infra:preview", "infra:apply", "models:use"],
}


Connect = Callable[..., AbstractAsyncContextManager[Client]]
"""Connects a client in one protocol era; takes `name` (of the key), `path`, and SDK options."""


class Calls(list[ToolCall]):
    """Every tool call so far."""

    def called(self, call: ToolCall) -> None:
        """Remember the call."""
        self.append(call)


@dataclass
class McpHost:
    """What the API does for the endpoints: it finds out the caller, and starts and stops them."""

    endpoints: McpEndpoints
    context: ContextLog
    events: EventLog
    calls: "Calls"
    settled: list[int] = field(default_factory=list)
    url: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; the bearer token is the caller's name."""
        headers = dict(scope["headers"])
        name = headers.get(b"authorization", b"").decode().removeprefix("Bearer ")
        if name in SCOPES:
            until = _EXPIRED if name == "expired" else None
            caller = Caller(f"prn_{name}", name, "agent", name, frozenset(SCOPES[name]), until)
            scope["state"] = {"caller": caller}
        await self.endpoints(scope, receive, send)

    async def publish(self, topic: str, value: JsonValue, **more: JsonValue) -> str:
        """Change a topic's fact; returns the version from which it can be read."""
        fact: dict[str, JsonValue] = {
            "status": "ok",
            "source": "test",
            "observed_at": "2026-11-23T20:00:00.000Z",
            "detail": None,
            "value": value,
            **more,
        }
        operations: JsonValue = [{"op": "add", "path": f"/topics/{topic}", "value": fact}]
        event = await self.events.append(
            self.context.stream,
            "context.delta",
            {"topic": topic, "cause": "test", "ops": operations},
            actor="test",
        )
        await self.context.reached(event.seq)
        return str(self.context.cursor)

    def http(self, name: str = "reader") -> httpx2.AsyncClient:
        """An HTTP client with a key."""
        return httpx2.AsyncClient(headers={"Authorization": f"Bearer {name}"}, timeout=20)

    @asynccontextmanager
    async def client(
        self,
        era: Era,
        *,
        name: str = "reader",
        path: str = "/mcp",
        **options: Any,  # noqa: ANN401 - passed on
    ) -> AsyncGenerator[Client]:
        """A connected client of the SDK."""
        async with self.http(name) as http:
            transport = streamable_http_client(f"{self.url}{path}", http_client=http)
            async with Client(transport, mode=era, **options) as client:
                yield client


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncGenerator[str]:
    """An ASGI app on a free port of this event loop, stopped as the API stops."""
    # With the protocol named, asyncio sends answers at once instead of waiting for the client.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, log_config=None, ws="none", lifespan="off", timeout_graceful_shutdown=2
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        if isinstance(app, McpHost):
            app.endpoints.close()
        server.should_exit = True
        await task
