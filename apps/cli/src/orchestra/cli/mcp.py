"""`orchestra mcp`: the MCP endpoint for agents that speak only stdio."""

import asyncio
from typing import Annotated

import typer
from orchestra.cli.client import find
from orchestra.cli.options import Repo, StateDir, load


def mcp(
    server: Annotated[
        str | None, typer.Argument(help="One server, such as `context`; all of them when absent.")
    ] = None,
    repo: Repo = None,
    state_dir: StateDir = None,
) -> None:
    """Speak MCP on stdin and stdout, for the system that runs.

    \b
    Example, in an agent's configuration:
      {"command": "orchestra", "args": ["mcp"], "env": {"ORCHESTRA_KEY": "${ORCHESTRA_KEY}"}}
    """
    from orchestra.cli import stdio  # heavy: only this command pays for it

    system = find(load(repo, state_dir))
    path = "/mcp" if server is None else f"/mcp/{server}"
    asyncio.run(stdio.serve(f"{system.url}{path}", system.key))
