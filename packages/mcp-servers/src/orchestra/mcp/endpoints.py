"""All our MCP servers, each as an ASGI app at its path, with one life and one end."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog
from orchestra.mcp.door import Door, refuse
from orchestra.mcp.metrics import ToolMetrics
from orchestra.mcp.part import Part
from orchestra.mcp.server import PartsServer
from orchestra.shared.errors import NotFound
from orchestra.shared.identity import Caller
from starlette.types import Receive, Scope, Send

from mcp.server.streamable_http_manager import StreamableHTTPASGIApp
from mcp.server.subscriptions import InMemorySubscriptionBus, ResourceUpdated
from mcp.server.transport_security import TransportSecuritySettings

_RETRY = 1.0  # seconds until changes are followed again after a failure

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one server bears. Sizes in bytes, times in seconds."""

    body: int = 1024 * 1024
    sessions: int = 1000
    session_idle: float = 1800.0


@dataclass(frozen=True, slots=True)
class Listed:
    """A server as it is listed: whether it is served, by which tools, or else what it lacks."""

    name: str
    served: bool
    tools: list[str]
    lacks: str


class McpEndpoints:
    """ASGI: `/mcp` with all parts but those that are served alone, and `/mcp/<part>` with one.

    The host routes those paths here, having put the authenticated caller into
    `scope["state"]["caller"]`, keeps `run()` entered while it serves, and calls `close()` as soon
    as it is asked to stop: before it waits for open connections, which would not end otherwise.

    `hosts` are the names that clients may use in `Host` and `Origin`, without port.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        *,
        version: str,
        hosts: Sequence[str],
        metrics: ToolMetrics,
        limits: Limits | None = None,
        absent: Mapping[str, str] | None = None,
        alone: Sequence[Part] = (),
    ) -> None:
        """`absent`: servers that could be there, and what each of them lacks.

        `alone` are parts whose tools would cost every agent's prompt for the few that use them.
        """
        self._absent = dict(absent or {})
        self._parts = [*parts, *alone]
        self._closed = False
        self._bus = InMemorySubscriptionBus()
        self._limits = limits or Limits()
        self._security = _security(hosts)
        self._servers = {
            path: PartsServer(name, some, version=version, bus=self._bus, metrics=metrics)
            for path, name, some in [
                ("/mcp", "orchestra", parts),
                *((f"/mcp/{p.name}", f"orchestra-{p.name}", [p]) for p in self._parts),
            ]
        }
        self._doors = {path: self._door(server) for path, server in self._servers.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request to one of the paths."""
        if scope["type"] != "http":
            return
        door = self._doors.get(scope["path"].rstrip("/"))
        if door is None:
            known = ", ".join(self._doors)
            missing = NotFound(
                f"there is no MCP server at `{scope['path'][:80]}`", hint=f"there are {known}"
            )
            await refuse(send, missing)
            return
        await door(scope, receive, send)

    @asynccontextmanager
    async def run(self) -> AsyncGenerator[None]:
        """Serve while entered. An instance serves once."""
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        over = asyncio.Event()
        # The SDK's task groups have to be left in the task that entered them, which hosts with
        # an exit stack of their own do not promise: so they get a task for themselves.
        serving = asyncio.create_task(self._serve(ready, over), name="mcp")
        await asyncio.wait({serving, ready}, return_when=asyncio.FIRST_COMPLETED)
        try:
            if not serving.done():
                yield
        finally:
            self.close()
            over.set()
            await serving

    def roster(self, caller: Caller) -> list[Listed]:
        """Every server there is or could be, with the tools that the caller may use."""
        served = [
            Listed(p.name, True, [t.name for t in p.tools if caller.can(t.scope)], "")
            for p in self._parts
        ]
        return served + [Listed(name, False, [], why) for name, why in self._absent.items()]

    def close(self) -> None:
        """End all open streams and waits within moments, and begin nothing new. Idempotent."""
        self._closed = True
        for part in self._parts:
            part.close()
        for server in self._servers.values():
            server.end_streams()
        for door in self._doors.values():
            door.close()

    def end(self, key_id: str) -> None:
        """End everything that a key has open: it was revoked."""
        for door in self._doors.values():
            door.end(key_id)

    async def _serve(self, ready: "asyncio.Future[None]", over: asyncio.Event) -> None:
        async with AsyncExitStack() as stack:
            for server in self._servers.values():
                await stack.enter_async_context(server.session_manager.run())
            followers = [
                asyncio.create_task(self._follow(part), name=f"mcp-{part.name}")
                for part in self._parts
            ]
            ready.set_result(None)
            await over.wait()
            for follower in followers:
                follower.cancel()
            await asyncio.gather(*followers, return_exceptions=True)

    async def _follow(self, part: Part) -> None:
        while not self._closed:
            try:
                async for uris in part.changes():
                    await self._tell(uris)
            except Exception as error:  # noqa: BLE001 - whatever a part does, clients go on hearing
                _log.exception("changes cannot be told", part=part.name, exc_info=error)
                await asyncio.sleep(_RETRY)

    async def _tell(self, uris: Sequence[str]) -> None:
        for server in self._servers.values():
            server.session_subscriptions.publish(uris)
        for uri in uris:
            await self._bus.publish(ResourceUpdated(uri=uri))

    def _door(self, server: PartsServer) -> Door:
        server.streamable_http_app(
            json_response=not server.talks,  # half the CPU of a stream
            max_request_body_size=self._limits.body,
            max_sessions=self._limits.sessions,
            session_idle_timeout=self._limits.session_idle,
            transport_security=self._security,
        )
        return Door(StreamableHTTPASGIApp(server.session_manager), body=self._limits.body)


def _security(hosts: Sequence[str]) -> TransportSecuritySettings:
    names = [f"[{host}]" if ":" in host else host for host in hosts]
    authorities = [authority for name in names for authority in (name, f"{name}:*")]
    return TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=authorities,
        allowed_origins=[f"{scheme}://{a}" for scheme in ("http", "https") for a in authorities],
    )
