"""`orchestra agents`: the agent specs in force, and a check of their files without a system."""

import json as json_module
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from orchestra.cli.client import client
from orchestra.cli.options import Repo, StateDir, load
from orchestra.cli.output import Json, print_json, say, show
from orchestra.shared.errors import Invalid, Unavailable
from orchestra.shared.settings import inherited_environment

app = typer.Typer(help="See and check what agents may do.", no_args_is_help=True)

_LONGEST = 60  # seconds that a check may take


@app.command("list")
def list_agents(repo: Repo = None, state_dir: StateDir = None, json: Json = False) -> None:
    """List the specs in force, what is wrong with others, and changes that do not count yet.

    \b
    Examples:
      orchestra agents list
      orchestra agents list --json | jq '.agents[].permissions'
    """
    with client(load(repo, state_dir)) as api:
        found = api.get("/agents")
    show(found, as_json=json, lines=lambda: _lines(found))


@app.command("check")
def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files or folders. [default: .cursor/agents]")
    ] = None,
    json: Json = False,
) -> None:
    """Check files of specs, without a running system: for editors and CI.

    \b
    Examples:
      orchestra agents check
      orchestra agents check .cursor/agents/vercel_deploy.yaml
    """
    command = [sys.executable, "-m", "orchestra.coordination.specs", *map(str, paths or [])]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env=inherited_environment({}),
        timeout=_LONGEST,
        check=False,
    )
    try:
        found = json_module.loads(done.stdout)
    except ValueError:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise Unavailable(f"the check failed: {last}", hint="see `orchestra doctor`") from None
    if json:
        print_json(found)
    for problem in found["problems"]:
        say(f"{_plain(problem['path'])}:{problem['line']}: {_plain(problem['message'])}")
        say(f"  hint: {_plain(problem['hint'])}")
    if found["problems"]:
        count = len(found["problems"])
        raise Invalid(f"{count} problem{'s' if count > 1 else ''}", hint="mend them as it is said")
    if not json:
        names = ", ".join(_plain(agent["slug"]) for agent in found["agents"])
        say(f"all good: {names}" if names else "there are no specs in .cursor/agents")


@app.command("approve")
def approve(
    digest: Annotated[str, typer.Argument(help="From `orchestra agents list`.")],
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Put a changed spec in force until the default branch has another. People only.

    \b
    Example:
      orchestra agents approve 0f1e…64 hex digits
    """
    with client(load(repo, state_dir)) as api:
        found = api.call("POST", f"/agents/specs/{digest}/approve")
    show(found, as_json=json, lines=lambda: [f"in force: {_plain(found['path'])}"])


def _lines(found: dict[str, Any]) -> list[str]:
    where = f"{_plain(found['ref'])} at {found['commit'][:12]}" if found["commit"] else "nowhere"
    lines = [f"in force from {where}"]
    for agent in found["agents"]:
        approved = f"  approved by {_plain(agent['approved_by'])}" if agent["approved_by"] else ""
        lines.append(f"{agent['slug']}  ({_plain(agent['path'])}){approved}")
        lines.append(f"  may: {', '.join(agent['permissions']) or 'nothing'}")
        patterns = _plain(", ".join(agent["auto_approve_patterns"]))
        lines.append(f"  without approval: {patterns or 'nothing'}")
        lines.append(f"  keys: {_plain(', '.join(agent['principals'])) or 'none'}")
    for proposal in found["proposals"]:
        lines.append(f"changed, not in force: {_plain(proposal['path'])}")
        added = [*proposal["adds_permissions"], *proposal["adds_patterns"]]
        lines.append(f"  adds: {_plain(', '.join(added)) or 'nothing'}")
        lines.append(f"  to put it in force: orchestra agents approve {proposal['digest']}")
    lines += [f"{_plain(p['path'])}:{p['line']}: {_plain(p['message'])}" for p in found["problems"]]
    if found["without_spec"]:
        names = _plain(", ".join(found["without_spec"]))
        lines.append(f"without a spec, so without permissions: {names}")
    return lines


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else "�" for c in text)
