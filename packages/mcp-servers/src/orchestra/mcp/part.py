"""What a server is made of: the tools and resources of one concern, with who may see them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from orchestra.mcp.tool import GovernedTool
from orchestra.shared.identity import Scope

from mcp.server.mcpserver import MCPServer

Completions = Mapping[str, Sequence[str]]
"""For each URI template with one variable, the values that it can have."""


class Part(Protocol):
    """One concern. It is served alone at `/mcp/<name>`, and mostly with all others at `/mcp`."""

    name: str
    instructions: str
    """A few sentences for the model, of when to use this."""
    scope: Scope
    """What a caller needs to read and watch its resources; tools carry their own."""
    prefix: str
    """How the URIs of its resources begin."""
    tools: Sequence[GovernedTool]
    completions: Completions

    def add_resources(self, server: MCPServer[object]) -> None:
        """Register the resources with a server."""

    def changes(self) -> AsyncIterator[list[str]]:
        """The URIs of resources that have just changed, until closed."""

    def close(self) -> None:
        """End `changes` and whatever waits; the system is about to stop."""
