"""`python mcp_peer.py sdk|fastmcp PORT`: a server with one tool, and nothing around it.

It takes what ours takes and answers what ours answers. Run by path, so that it needs nothing but its framework: FastMCP may live in another environment.
"""

# ruff: noqa: ARG001 - the tool has our tool's arguments, and no use for them

import logging
import sys
from collections.abc import Callable
from typing import Any

import uvicorn

VERSION = "0123456789abcdef0123456789abcdef:12345"
TEXT = f"unchanged at version {VERSION}"
STRUCTURE = {"version": VERSION, "unchanged": True}


def tool(answer: Callable[[], Any]) -> Callable[..., Any]:
    """The tool, which gives what `answer` makes."""

    async def context_get(
        topics: list[str] | None = None,
        since: str | None = None,
        consistent: bool = False,
        max_tokens: int = 1000,
    ) -> Any:  # noqa: ANN401 - the frameworks' results have no type in common
        """What is known now."""
        return answer()

    return context_get


def application(framework: str) -> Any:  # noqa: ANN401 - an ASGI application of either framework
    """The server as its documentation shows it, answering in JSON as ours does."""
    if framework == "sdk":
        from mcp.server import MCPServer
        from mcp_types import CallToolResult, TextContent

        def result() -> CallToolResult:
            content = [TextContent(type="text", text=TEXT)]
            return CallToolResult(content=content, structured_content=STRUCTURE)

        server = MCPServer("bare")
        server.add_tool(tool(result), structured_output=False)
        return server.streamable_http_app(json_response=True)
    from fastmcp import FastMCP  # type: ignore[import-not-found]  # it is never a dependency of ours
    from fastmcp.tools import ToolResult  # type: ignore[import-not-found]  # the same

    fast = FastMCP("bare")
    fast.tool(tool(lambda: ToolResult(TEXT, STRUCTURE)), output_schema=None)
    return fast.http_app(json_response=True)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    uvicorn.run(
        application(sys.argv[1]),
        port=int(sys.argv[2]),
        log_level="critical",
        access_log=False,
        ws="none",
        timeout_graceful_shutdown=1,
    )
