"""`orchestra keys` and `orchestra login`: who may call, and how a browser gets in."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import typer
from orchestra.cli.agent_keys import SCOPES, export_lines
from orchestra.cli.client import client
from orchestra.cli.options import Repo, StateDir, load
from orchestra.cli.output import Json, ago, say, show, table

app = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)

PRESETS = {"agent": SCOPES}
"""Scopes by name."""


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Whose key it is, such as `claude` or `ci`.")],
    scope: Annotated[
        list[str] | None, typer.Option(help="What it may do; repeat for more. [context:read]")
    ] = None,
    preset: Annotated[
        Literal["agent"] | None, typer.Option(help="The scopes that a coding agent needs.")
    ] = None,
    kind: Annotated[Literal["agent", "human", "service"], typer.Option()] = "agent",
    days: Annotated[int | None, typer.Option(help="It expires after so many days.")] = None,
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Make a key. It is shown once.

    \b
    Examples:
      orchestra keys create claude --preset agent
      orchestra keys create ci --kind service --scope events:write --days 90
    """
    scopes = [*(scope or []), *(PRESETS[preset] if preset else [])] or ["context:read"]
    order = {"name": name, "kind": kind, "scopes": list(dict.fromkeys(scopes)), "days": days}
    with client(load(repo, state_dir)) as api:
        made = api.call("POST", "/keys", body=order)
    show(made, as_json=json, lines=lambda: [str(made["key"])])
    if not json:
        say(f"for `{made['name']}`, with {', '.join(made['scopes'])}; it is not shown again")


@app.command("list")
def list_keys(repo: Repo = None, state_dir: StateDir = None, json: Json = False) -> None:
    """List every key, without secrets."""
    with client(load(repo, state_dir)) as api:
        document = api.get("/keys")
    show(document, as_json=json, lines=lambda: _lines(document["keys"]))


def _lines(keys: list[dict[str, Any]]) -> list[str]:
    now = datetime.now(UTC)
    rows = [
        [
            key["id"],
            key["name"],
            key["kind"],
            ",".join(key["scopes"]),
            ago(key["created_at"], now),
            ago(key["last_used_at"], now),
            "revoked" if key["revoked_at"] else (key["expires_at"] or "")[:10],
        ]
        for key in keys
    ]
    return table(["ID", "NAME", "KIND", "SCOPES", "MADE", "LAST USED", "ENDS"], rows)


@app.command("revoke")
def revoke(
    key_id: Annotated[str, typer.Argument(help="The key's id, from `orchestra keys list`.")],
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Make a key worthless at once; its open streams end."""
    with client(load(repo, state_dir)) as api:
        api.call("DELETE", f"/keys/{key_id}")
    show({"revoked": key_id}, as_json=json, lines=lambda: [f"revoked {key_id}"])


@app.command("env")
def env(repo: Repo = None, state_dir: StateDir = None, json: Json = False) -> None:
    """Print what puts the agents' keys into a shell. They were made by `orchestra connect --keys`.

    \b
    Example:
      eval "$(orchestra keys env)"
    """
    lines = export_lines(load(repo, state_dir))
    show({"lines": lines}, as_json=json, lines=lambda: lines)


def login(repo: Repo = None, state_dir: StateDir = None, json: Json = False) -> None:
    """Print a link that opens the dashboard once, within 15 minutes."""
    with client(load(repo, state_dir)) as api:
        link = api.call("POST", "/login-links")
    show(link, as_json=json, lines=lambda: [str(link["url"])])
