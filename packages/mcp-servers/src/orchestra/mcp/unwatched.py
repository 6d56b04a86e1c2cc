"""What the parts have in common whose resources, if there are any, never change."""

import asyncio
from collections.abc import AsyncIterator

from orchestra.mcp.part import Completions

from mcp.server.mcpserver import MCPServer


class Unwatched:
    """A part of which nobody has to be told anything."""

    completions: Completions = {}  # noqa: RUF012 - the protocol's mapping is read only

    def __init__(self) -> None:
        self._closing = asyncio.Event()

    def add_resources(self, server: MCPServer[object]) -> None:
        """There are none, unless the part says otherwise."""

    async def changes(self) -> AsyncIterator[list[str]]:
        """Nothing, until closed."""
        await self._closing.wait()
        no_uris: list[list[str]] = []
        for uris in no_uris:
            yield uris

    def close(self) -> None:
        """Let `changes` end."""
        self._closing.set()
