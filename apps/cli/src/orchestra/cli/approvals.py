"""`orchestra approvals`: acts that wait for a person."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import orjson
import typer
from orchestra.cli.client import Client, client
from orchestra.cli.options import Repo, StateDir, load
from orchestra.cli.output import Json, ago, say, show
from orchestra.shared.errors import Forbidden

app = typer.Typer(help="See and decide what agents need approval for.", no_args_is_help=True)

StateName = Literal["pending", "approved", "denied", "used", "expired", "any"]
Id = Annotated[str, typer.Argument(help="The request's id, from `orchestra approvals list`.")]
Comment = Annotated[str, typer.Option("--comment", "-m", help="What the agent and others read.")]

_WAIT = 50  # seconds of one long poll


@app.command("list")
def list_approvals(
    state: Annotated[StateName, typer.Option(help="Which requests.")] = "pending",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100)] = 50,
    before: Annotated[str | None, typer.Option(help="Those that follow this request.")] = None,
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """List requests for approval, newest first.

    \b
    Examples:
      orchestra approvals list
      orchestra approvals list --state any --json
    """
    params = {"state": state, "limit": str(limit)} | ({"before": before} if before else {})
    with client(load(repo, state_dir)) as api:
        found = api.get("/approvals", params)
    if json or found["approvals"]:
        lines = [line for one in found["approvals"] for line in _lines(one)]
        show(found, as_json=json, lines=lambda: lines)
    else:
        say("nothing waits for a decision" if state == "pending" else "there are no such requests")
    if found["next_before"] and not json:
        say(f"there are more: add --before {found['next_before']}")


@app.command("show")
def show_approval(
    request_id: Id, repo: Repo = None, state_dir: StateDir = None, json: Json = False
) -> None:
    """Print everything that an approval of the request would bind to.

    \b
    Example:
      orchestra approvals show apr_0123456789abcdef
    """
    with client(load(repo, state_dir)) as api:
        found = api.get(f"/approvals/{request_id}")
    show(found, as_json=json, lines=lambda: [*_lines(found), *_details(found)])


@app.command("approve")
def approve(
    request_id: Id,
    comment: Comment = "",
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Let the next equal act of the requester happen, once, within the hour.

    \b
    Example:
      orchestra approvals approve apr_0123456789abcdef -m "the backup is good"
    """
    with client(load(repo, state_dir)) as api:
        _decide(api, request_id, "approve", comment, json)


@app.command("deny")
def deny(
    request_id: Id,
    comment: Comment = "",
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Refuse the act, and equal ones of the requester for an hour.

    \b
    Example:
      orchestra approvals deny apr_0123456789abcdef -m "not on a Friday"
    """
    with client(load(repo, state_dir)) as api:
        _decide(api, request_id, "deny", comment, json)


@app.command("wait")
def wait(request_id: Id, repo: Repo = None, state_dir: StateDir = None, json: Json = False) -> None:
    """Return when the request is decided or over: 0 if it is approved, else 1.

    \b
    Example:
      orchestra approvals wait apr_0123456789abcdef && ./deploy
    """
    with client(load(repo, state_dir)) as api:
        while True:
            found = api.get(f"/approvals/{request_id}", {"wait": str(_WAIT)})
            if found["state"] != "pending":
                break
    show(found, as_json=json, lines=lambda: _lines(found))
    if found["state"] not in ("approved", "used"):
        raise Forbidden(_said(found), hint="ask the person, or do it in another way")


def _decide(api: Client, request_id: str, verb: str, comment: str, as_json: bool) -> None:
    decided = api.call("POST", f"/approvals/{request_id}/{verb}", body={"comment": comment})
    show(decided, as_json=as_json, lines=lambda: _lines(decided))


def _said(found: dict[str, Any]) -> str:
    by = f" by {_plain(found['decided_by'])}" if found["decided_by"] else ""
    comment = f": {_plain(found['comment'])}" if found["comment"] else ""
    return f"`{found['id']}` is {found['state']}{by}{comment}"


def _lines(one: dict[str, Any]) -> list[str]:
    """A head of ours, and what the requester says behind bars, which it cannot leave."""
    now = datetime.now(UTC)
    head = f"{one['id']}  {one['state']}  {_plain(one['requester'])}  {ago(one['created_at'], now)}"
    marks = [word for word in ("destructive", "egress") if one[word]]
    lines = ["  ".join([head, *marks]), f"  | {_plain(one['summary'])}"]
    lines.append(f"  ? {_plain(one['reason'])}")
    lines += [f"  ! {_plain(warning)}" for warning in one["warnings"]]
    if one["decided_by"]:
        lines.append(f"  > {_said(one)}")
    return lines


def _details(one: dict[str, Any]) -> list[str]:
    subject = orjson.dumps(one["subject"], option=orjson.OPT_INDENT_2).decode()
    return [
        f"  permission: {one['permission'] or 'none in particular'}",
        f"  session: {_plain(one['session'] or 'not said')}",
        f"  until: {one['expires_at']}",
        f"  hash: {one['hash']}",
        *(f"  @ {_plain(path)}" for path in one["paths"]),
        *(f"  | {_plain(line)}" for line in subject.split("\n")),
    ]


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else "�" for c in text)
