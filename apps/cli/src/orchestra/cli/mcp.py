"""`orchestra mcp`: the MCP endpoint for agents that speak only stdio."""

import asyncio
from enum import StrEnum
from typing import Annotated, Any

import typer
from orchestra.cli.client import System, client, find
from orchestra.cli.options import Repo, StateDir, load
from orchestra.cli.output import Json, show, table
from orchestra.cli.typed import typed
from orchestra.shared.errors import Unauthenticated
from orchestra.shared.settings import Settings, environment_value
from pydantic import SecretStr


class Brand(StrEnum):
    """The agents that have a key variable of their own."""

    CLAUDE = "claude"
    CODEX = "codex"
    CURSOR = "cursor"
    FACTORY = "factory"
    MANUS = "manus"


def mcp(
    server: Annotated[
        str | None, typer.Argument(help="One server, such as `context`; all of them when absent.")
    ] = None,
    agent: Annotated[
        Brand | None,
        typer.Option(help="Use the key in ORCHESTRA_<AGENT>_KEY, and no other."),
    ] = None,
    listing: Annotated[
        bool, typer.Option("--list", help="Say which servers there are, and end.")
    ] = False,
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Speak MCP on stdin and stdout, for the system that runs.

    \b
    Example, in an agent's configuration:
      {"command": "orchestra", "args": ["mcp", "--agent", "claude"]}
    """
    settings = load(repo, state_dir)
    if agent is not None:
        settings = settings.model_copy(update={"key": _key_of(agent)})
    if listing:
        with client(settings) as api:
            known = api.get("/status")["mcp_servers"]
        show({"servers": known}, as_json=json, lines=lambda: _lines(known))
        return
    _serve(settings, find(settings), server)


def _serve(settings: Settings, system: System, server: str | None) -> None:
    from orchestra.cli import stdio  # heavy: only who speaks MCP pays for it
    from orchestra.cli.stdio_proxy import Commands

    path = "/mcp" if server is None else f"/mcp/{server}"
    commands = Commands(typed(settings, "up", serve=True), system.doctor)
    asyncio.run(stdio.serve(f"{system.url}{path}", system.key, commands))


def _key_of(agent: Brand) -> SecretStr:
    """The agent's own key: another's would let it do what it may not, under a false name."""
    name = f"ORCHESTRA_{agent.upper()}_KEY"
    value = (environment_value(name) or "").strip()
    if not value:
        raise Unauthenticated(
            f"`{name}` is not set",
            hint=f"make a key (orchestra keys create {agent}) and put it into {name}",
        )
    return SecretStr(value)


def _lines(servers: list[dict[str, Any]]) -> list[str]:
    rows = [
        [
            s["name"],
            "served" if s["served"] else "absent",
            ", ".join(s["tools"]) or s["lacks"] or "no tool for this key",
        ]
        for s in servers
    ]
    return table(["SERVER", "STATE", "TOOLS"], rows)
