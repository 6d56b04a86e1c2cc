"""`/mcp`: the MCP servers behind the same keys as the rest of the API."""

from dataclasses import dataclass

from orchestra.api.auth import authenticate
from orchestra.api.problems import problem_of, problem_of_framework
from orchestra.api.state import state_of
from orchestra.mcp import McpEndpoints
from orchestra.shared.errors import OrchestraError, Unavailable
from orchestra.shared.redaction import Redactor
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send


class McpMount:
    """Authenticates a request, then hands it to the MCP application with its caller."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self.endpoints: McpEndpoints | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request to `/mcp` or `/mcp/<server>`."""
        if scope["type"] != "http":
            return
        connection = HTTPConnection(scope)
        try:
            caller = await authenticate(connection, state_of(connection))
            if self.endpoints is None:
                raise Unavailable("the MCP servers are not up", hint="try again in a moment")
        except OrchestraError as error:
            await problem_of(error, self._redactor)(scope, receive, send)
            return
        scope["state"] = {**scope.get("state", {}), "caller": caller}
        try:
            await self.endpoints(scope, receive, send)
        except HTTPException as error:  # the body came too late, or was too long
            await problem_of_framework(error, self._redactor)(scope, receive, send)


@dataclass(frozen=True, slots=True)
class _Route:
    """What the guard counts a request under."""

    path: str


_JOINT, _ONE = _Route("/mcp"), _Route("/mcp/{server}")


class McpFirst:
    """Serves MCP before the framework looks at a request: its layers cost a third of a call."""

    def __init__(self, app: ASGIApp, mount: ASGIApp) -> None:
        self._app = app
        self._mount = mount

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        path = scope["path"] if scope["type"] == "http" else ""
        if path == "/mcp" or path.startswith("/mcp/"):
            scope["route"] = _ONE if path.rstrip("/") != "/mcp" else _JOINT
            await self._mount(scope, receive, send)
        else:
            await self._app(scope, receive, send)
