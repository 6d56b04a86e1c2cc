"""`python mcp_peer.py sdk|fastmcp PORT`: a server with one tool, and nothing around it.

It takes what ours takes and answers what ours answers. Run by path, so that it needs nothing but its framework: FastMCP may live in another environment.
"""

# ruff: noqa: ARG001 - the tool has our tool's arguments, and no use for them

import logging
import sys
from typing import Any

import uvicorn

TEXT = "unchanged at version 0123456789abcdef0123456789abcdef:12345"


async def context_get(
    topics: list[str] | None = None,
    since: str | None = None,
    consistent: bool = False,
    max_tokens: int = 1000,
) -> str:
    """What is known now."""
    return TEXT


def application(framework: str) -> Any:  # noqa: ANN401 - an ASGI application of either framework
    """The server as its documentation shows it, answering in JSON as ours does."""
    if framework == "sdk":
        from mcp.server import MCPServer

        server = MCPServer("bare")
        server.add_tool(context_get, structured_output=False)
        return server.streamable_http_app(json_response=True)
    from fastmcp import FastMCP  # type: ignore[import-not-found]  # it is never a dependency of ours

    fast = FastMCP("bare")
    fast.tool(context_get, output_schema=None)
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
