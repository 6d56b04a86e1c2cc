"""A part that has only tools: nothing to read, nothing to watch."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from orchestra.mcp.part import Completions
from orchestra.mcp.tool import GovernedTool
from orchestra.shared.identity import Scope

from mcp.server.mcpserver import MCPServer


class ToolsPart:
    """The tools of one server."""

    def __init__(
        self, name: str, scope: Scope, instructions: str, tools: Sequence[GovernedTool]
    ) -> None:
        self.name = name
        self.scope: Scope = scope
        self.prefix = f"orchestra://{name}/"
        self.instructions = instructions
        self.tools = tools
        self.completions: Completions = {}
        self._closing = asyncio.Event()

    def add_resources(self, server: MCPServer[object]) -> None:
        """There are none."""

    async def changes(self) -> AsyncIterator[list[str]]:
        """Nothing, until closed."""
        await self._closing.wait()
        no_uris: list[list[str]] = []
        for uris in no_uris:
            yield uris

    def close(self) -> None:
        """Let `changes` end."""
        self._closing.set()
