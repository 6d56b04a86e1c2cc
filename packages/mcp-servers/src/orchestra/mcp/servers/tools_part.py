"""A part that has only tools: nothing to read, nothing to watch."""

from collections.abc import Sequence

from orchestra.mcp.tool import GovernedTool
from orchestra.mcp.unwatched import Unwatched
from orchestra.shared.identity import Scope


class ToolsPart(Unwatched):
    """The tools of one server."""

    def __init__(
        self, name: str, scope: Scope, instructions: str, tools: Sequence[GovernedTool]
    ) -> None:
        super().__init__()
        self.name = name
        self.scope: Scope = scope
        self.prefix = f"orchestra://{name}/"
        self.instructions = instructions
        self.tools = tools
