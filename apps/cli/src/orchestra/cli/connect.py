"""`orchestra connect`: every agent of the repository, wired to Orchestra by its own configuration."""

import json as json_module
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
import typer
from orchestra.cli.agent_keys import export_lines, make_keys
from orchestra.cli.client import client
from orchestra.cli.options import Repo, StateDir, load
from orchestra.cli.output import Json, say, show
from orchestra.cli.typed import typed
from orchestra.shared.errors import Invalid, NotFound, OrchestraError, Unavailable
from orchestra.shared.settings import Settings, child_environment

_SECONDS = 60
_HEADINGS = (
    ("enforced", "enforced"),
    ("advisory", "advisory"),
    ("unsupported", "unsupported"),
    ("steps", "left to do"),
)


def connect(
    agents: Annotated[
        list[str] | None,
        typer.Argument(
            help="claude, codex, cursor, factory, manus. [default: those connected, else all]"
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit 1 when something would change.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing; print what would change as a diff.")
    ] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="Take out what was written, and nothing else.")
    ] = False,
    url: Annotated[
        str | None,
        typer.Option(help="Where the agents find Orchestra. [default: http://127.0.0.1:8700]"),
    ] = None,
    fail_mode: Annotated[
        Literal["open", "closed"] | None,
        typer.Option(
            help="When Orchestra does not answer, permission hooks let through or block."
            " [default: closed where the repository has agent specs, else open]"
        ),
    ] = None,
    keys: Annotated[
        bool, typer.Option("--keys", help="Also make a key for each agent; the system must run.")
    ] = False,
    print_keys: Annotated[
        bool, typer.Option("--print", help="With --keys: print the lines that export them.")
    ] = False,
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Write the configuration of each coding agent into the repository.

    Needs no running system. What others wrote into the same files stays as it is.

    \b
    Examples:
      orchestra connect
      orchestra connect claude codex --dry-run
      orchestra connect --check
      orchestra connect cursor --remove
      orchestra connect --keys
    """
    if (check or dry_run or remove) and keys:
        raise Invalid("--keys goes with writing only", hint="leave out the other option")
    if check and dry_run:
        raise Invalid("--check and --dry-run exclude each other", hint="choose one of them")
    settings = load(repo, state_dir)
    order: dict[str, Any] = {
        "repo": str(_repository(settings)),
        "agents": agents or [],
        "action": "check" if check else "diff" if dry_run else "write",
        "remove": remove,
        "url": url,
        "fail_mode": fail_mode,
    }
    document = _carry_out(order)
    if keys:
        with client(settings) as api:
            document["keys"] = make_keys(api, settings.state_folder, list(document["agents"]))
    show(document, as_json=json, lines=lambda: _lines(document, order))
    if keys and not json:
        _tell_keys(settings, document["keys"], printed=print_keys)
    if check and not document["up_to_date"]:
        raise typer.Exit(1)


def _repository(settings: Settings) -> Path:
    if not (settings.repo / ".git").exists():
        raise NotFound(f"`{settings.repo}` is not in a git repository", hint="name one with --repo")
    return settings.repo


def _carry_out(order: dict[str, Any]) -> dict[str, Any]:
    """The work is a library's, which this program knows as a process only."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "orchestra.coordination.connect"],
            input=orjson.dumps(order),
            capture_output=True,
            timeout=_SECONDS,
            env=child_environment(),
            check=False,
        )
        document: dict[str, Any] = json_module.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        raise Unavailable(
            f"the configuration cannot be made ({type(error).__name__})",
            hint="install Orchestra again; nothing was written",
        ) from None
    if "error" in document:
        raise OrchestraError(document["error"]["message"], hint=document["error"]["hint"])
    return document


def _lines(document: dict[str, Any], order: dict[str, Any]) -> list[str]:
    if order["action"] == "diff":
        return [document["diff"].rstrip("\n") or "nothing would change"]
    edits = [f"  {edit['change']:8} {edit['path']}" for edit in document["edits"]]
    if order["action"] == "check":
        return (
            ["these are not as `orchestra connect` writes them:", *edits]
            if edits
            else ["all is up to date"]
        )
    head = f"written in {document['repository']}:" if edits else "nothing to change"
    agents = [line for name, notes in document["agents"].items() for line in _agent(name, notes)]
    paste = document["paste"].items() if "manus" in order["agents"] else ()
    texts = [line for path, text in paste for line in ("", f"--- {path}", text.rstrip("\n"))]
    return [head, *edits, *agents, *texts]


def _agent(name: str, notes: dict[str, Any]) -> list[str]:
    lines = ["", name]
    for key, heading in _HEADINGS:
        for number, text in enumerate(notes[key]):
            lines.append(f"  {heading if number == 0 else '':12} {text}")
    return lines


def _tell_keys(settings: Settings, keys: dict[str, Any], *, printed: bool) -> None:
    say()
    for brand, found in keys.items():
        say(f"{brand}: {'made' if found['made'] else 'kept'} the key in {found['path']}")
    if printed:
        typer.echo("\n".join(export_lines(settings)))
    else:
        say(f'put them into your shell: eval "$({typed(settings, "keys", "env")})"')
