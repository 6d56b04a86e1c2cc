"""`/mcp`: the MCP servers behind the same keys as the rest of the API."""

from orchestra.api.auth import authenticate
from orchestra.api.problems import problem_of
from orchestra.api.state import state_of
from orchestra.mcp import McpEndpoints
from orchestra.shared.errors import OrchestraError, Unavailable
from orchestra.shared.redaction import Redactor
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send


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
        await self.endpoints(scope, receive, send)
