"""`orchestra handoff`: a task goes from one agent to the next."""

import sys
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import orjson
import typer
from orchestra.cli.client import client
from orchestra.cli.options import Repo, StateDir, load
from orchestra.cli.output import Json, ago, say, show, table
from orchestra.cli.tasks import Lease, Session, Token, plain, task_lines
from orchestra.shared.errors import Invalid

app = typer.Typer(help="Hand tasks over, and take them up.", no_args_is_help=True)

StateName = Literal["waiting", "accepted", "withdrawn", "lapsed", "any"]
HandoffId = Annotated[str, typer.Argument(help="The hand-off's id, from `orchestra handoff list`.")]
Several = Annotated[list[str] | None, typer.Option(help="Repeat for more.")]
Anyway = Annotated[
    bool, typer.Option("--anyway", help="Though the repository is not where it was left.")
]
Head = Annotated[
    str | None, typer.Option(help="The commit that you have checked out, if you work elsewhere.")
]
_EMPTY = "no hand-off waits; hand something over: orchestra handoff create TASK --token N"


@app.command("create")
def create(
    what: Annotated[
        str, typer.Argument(help="A task's id that you hold, or the title of a new one.")
    ],
    token: Annotated[
        int | None, typer.Option(help="The fencing token of your claim, for a task that you hold.")
    ] = None,
    to: Annotated[
        str | None, typer.Option(help="An agent, or agent@instance. [default: anybody]")
    ] = None,
    goal: Annotated[str, typer.Option(help="Of a new task: what shall be true at the end.")] = "",
    next_step: Annotated[str, typer.Option(help="What to do next.")] = "",
    stop_condition: Annotated[str, typer.Option(help="How one knows that it is done.")] = "",
    done: Several = None,
    failed: Annotated[
        list[str] | None, typer.Option(help="What not to try again, and why; repeat for more.")
    ] = None,
    constraint: Several = None,
    question: Several = None,
    read_first: Annotated[
        list[str] | None, typer.Option(help="A file to read first; repeat for more.")
    ] = None,
    progress: Annotated[
        str | None,
        typer.Option(help="All of it as JSON, decisions too; `-` reads stdin."),
    ] = None,
    hold: Annotated[
        int, typer.Option(min=60, max=604_800, help="Seconds that it is kept for whom it is for.")
    ] = 3600,
    session: Session = None,
    head: Head = None,
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Let go of a task, for an agent by name or for anybody, with a packet of how far it is.

    \b
    Examples:
      orchestra handoff create tsk_0123456789abcdef --token 1 --to codex --next-step "write the test"
      orchestra handoff create "Mend the login" --goal "tests/test_login.py passes"
    """
    said: dict[str, object] = {
        "next_step": next_step,
        "stop_condition": stop_condition,
        "done": done,
        "failed_approaches": failed,
        "constraints": constraint,
        "open_questions": question,
        "read_first": read_first,
    }
    body: dict[str, object] = {"to": to, "hold_s": hold, "session": session, "head": head}
    body["progress"] = _progress(progress) | {k: v for k, v in said.items() if v}
    known = what.startswith("tsk_")
    body |= {"task_id": what, "token": token} if known else {"title": what, "goal": goal}
    with client(load(repo, state_dir)) as api:
        handoff = api.call("POST", "/handoffs", body=body)
    show(handoff, as_json=json, lines=lambda: _lines(handoff))


@app.command("list")
def list_handoffs(
    state: Annotated[StateName, typer.Option(help="Which ones.")] = "waiting",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=200)] = 50,
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """List hand-offs, newest first.

    \b
    Examples:
      orchestra handoff list
      orchestra handoff list --state any --json
    """
    params = {"state": state, "limit": str(limit)}
    with client(load(repo, state_dir)) as api:
        found = api.get("/handoffs", params)
    if json or found["handoffs"]:
        show(found, as_json=json, lines=lambda: _rows(found["handoffs"]))
    else:
        say(_EMPTY)


@app.command("show")
def show_handoff(
    handoff_id: HandoffId, repo: Repo = None, state_dir: StateDir = None, json: Json = False
) -> None:
    """Print a hand-off, and what has become stale since it was written.

    \b
    Example:
      orchestra handoff show hof_0123456789abcdef
    """
    with client(load(repo, state_dir)) as api:
        handoff = api.get(f"/handoffs/{handoff_id}")
    show(handoff, as_json=json, lines=lambda: _lines(handoff))


@app.command("claim", short_help="The same as `accept`.")
@app.command("accept")
def accept(
    handoff_id: HandoffId,
    lease: Lease = 900,
    session: Session = None,
    head: Head = None,
    anyway: Anyway = False,
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Take a task up: of all who try one gets it, with a new fencing token.

    \b
    Examples:
      orchestra handoff accept hof_0123456789abcdef
      orchestra handoff accept hof_0123456789abcdef --anyway --json
    """
    body = {"lease_s": lease, "session": session, "head": head, "anyway": anyway}
    with client(load(repo, state_dir)) as api:
        accepted = api.call("POST", f"/handoffs/{handoff_id}/accept", body=body)
    show(accepted, as_json=json, lines=lambda: [*task_lines(accepted["task"]), accepted["text"]])
    if not json:
        _warn(accepted["findings"])


@app.command("complete")
def complete(
    handoff_id: HandoffId,
    token: Token,
    result: Annotated[str, typer.Option(help="What came of it.")] = "",
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Close the task of a hand-off that you have accepted.

    \b
    Example:
      orchestra handoff complete hof_0123456789abcdef --token 2 --result "it builds"
    """
    with client(load(repo, state_dir)) as api:
        task_id = api.get(f"/handoffs/{handoff_id}")["task_id"]
        body = {"token": token, "result": result}
        task = api.call("POST", f"/tasks/{task_id}/complete", body=body)
    show(task, as_json=json, lines=lambda: task_lines(task))


@app.command("withdraw")
def withdraw(
    handoff_id: HandoffId, repo: Repo = None, state_dir: StateDir = None, json: Json = False
) -> None:
    """Take an offer back; the task is open to anybody then.

    \b
    Example:
      orchestra handoff withdraw hof_0123456789abcdef
    """
    with client(load(repo, state_dir)) as api:
        handoff = api.call("POST", f"/handoffs/{handoff_id}/withdraw")
    show(handoff, as_json=json, lines=lambda: _lines(handoff))


def _progress(given: str | None) -> dict[str, Any]:
    if given is None:
        return {}
    try:
        said = orjson.loads(sys.stdin.read(65_536) if given == "-" else given)
    except orjson.JSONDecodeError as error:
        raise Invalid(
            f"the progress is not JSON: {error.msg}", hint='give an object: {"next_step": "…"}'
        ) from None
    if not isinstance(said, dict):
        raise Invalid("the progress is not an object", hint='give one: {"next_step": "…"}')
    return said


def _warn(findings: list[dict[str, Any]]) -> None:
    for finding in findings:
        say(f"{finding['code']}: {plain(finding['text'])}")


def _lines(handoff: dict[str, Any]) -> list[str]:
    now, packet = datetime.now(UTC), handoff["packet"]
    head = f"{handoff['id']}  {handoff['state']}  from {handoff['sender']}"
    lines = [f"{head} to {handoff['recipient'] or 'anybody'}  {ago(handoff['created_at'], now)}"]
    for name, said in packet.items():
        if said and name not in ("id", "from_agent", "to_agent", "cut"):
            text = said if isinstance(said, str) else orjson.dumps(said).decode()
            lines += [f"  | {name}: {plain(line)}" for line in text.split("\n")]
    if packet["cut"]:
        lines.append(f"  cut: {', '.join(f'{n} of {part}' for part, n in packet['cut'].items())}")
    findings = handoff.get("findings", [])
    return lines + [f"  ! {finding['code']}: {plain(finding['text'])}" for finding in findings]


def _rows(handoffs: list[dict[str, Any]]) -> list[str]:
    now = datetime.now(UTC)
    cells = [
        [
            one["id"],
            one["state"],
            one["sender"],
            one["recipient"] or "anybody",
            ago(one["created_at"], now),
            plain(one["title"]),
        ]
        for one in handoffs
    ]
    return table(["hand-off", "state", "from", "to", "made", "title"], cells)
