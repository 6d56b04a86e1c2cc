"""`orchestra tasks`: what is to be done, and who does it."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import typer
from orchestra.cli.client import client
from orchestra.cli.context import follow
from orchestra.cli.options import Repo, StateDir, load
from orchestra.cli.output import Json, ago, print_json, say, show, table

app = typer.Typer(help="Create, claim and complete tasks.", no_args_is_help=True)

StateName = Literal["live", "open", "claimed", "done", "cancelled", "any"]
TaskId = Annotated[str, typer.Argument(help="The task's id, from `orchestra tasks list`.")]
Token = Annotated[int, typer.Option(help="The fencing token that your claim returned.")]
Lease = Annotated[
    int, typer.Option("--lease", min=30, max=86_400, help="Seconds; renew it while you work.")
]
Session = Annotated[
    str | None,
    typer.Option(help="The agent's session, as `claude/<id>`: its work is kept with it."),
]

_EMPTY = 'there are no such tasks; create one: orchestra tasks add "TITLE" --goal "…"'


@app.command("add")
def add(
    title: Annotated[str, typer.Argument(help="What is to be done, in one line.")],
    goal: Annotated[str, typer.Option(help="What shall be true at the end.")] = "",
    priority: Annotated[int, typer.Option(min=0, max=4, help="0 at once, 4 some day.")] = 2,
    path: Annotated[
        list[str] | None, typer.Option("--path", help="A file that it is about; repeat for more.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="Your name for it: the same key gives the same task.")
    ] = None,
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Put a task on the list.

    \b
    Examples:
      orchestra tasks add "Mend the login" --goal "tests/test_login.py passes" --priority 1
      orchestra tasks add "Update the docs" --path docs/runbook.md
    """
    order = {"title": title, "goal": goal, "priority": priority, "paths": path or [], "key": key}
    with client(load(repo, state_dir)) as api:
        task = api.call("POST", "/tasks", body=order)
    show(task, as_json=json, lines=lambda: task_lines(task))


@app.command("list")
def list_tasks(
    state: Annotated[StateName, typer.Option(help="Which tasks; `live`: not closed.")] = "live",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=200)] = 50,
    after: Annotated[str | None, typer.Option(help="Those that follow this task.")] = None,
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """List tasks by priority and age.

    \b
    Examples:
      orchestra tasks list
      orchestra tasks list --state done --json
    """
    params = {"state": state, "limit": str(limit)} | ({"after": after} if after else {})
    with client(load(repo, state_dir)) as api:
        page = api.get("/tasks", params)
    if json or page["tasks"]:
        show(page, as_json=json, lines=lambda: _rows(page["tasks"]))
    else:
        say(_EMPTY)
    if page["next_after"] and not json:
        say(f"there are more: add --after {page['next_after']}")


@app.command("show")
def show_task(
    task_id: TaskId, repo: Repo = None, state_dir: StateDir = None, json: Json = False
) -> None:
    """Print a task, and how far it is.

    \b
    Example:
      orchestra tasks show tsk_0123456789abcdef
    """
    with client(load(repo, state_dir)) as api:
        task = api.get(f"/tasks/{task_id}")
    show(task, as_json=json, lines=lambda: task_lines(task))


@app.command("claim")
def claim(
    task_id: TaskId,
    lease: Lease = 900,
    session: Session = None,
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Hold a task, alone, until the lease is over; the token goes with whatever you write.

    \b
    Example:
      orchestra tasks claim tsk_0123456789abcdef --lease 1800
    """
    body = {"lease_s": lease, "session": session}
    _do(f"/tasks/{task_id}/claim", body, repo, state_dir, json)


@app.command("renew")
def renew(
    task_id: TaskId,
    token: Token,
    lease: Lease = 900,
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Hold a task for some time more.

    \b
    Example:
      orchestra tasks renew tsk_0123456789abcdef --token 1 --lease 3600
    """
    _do(f"/tasks/{task_id}/renew", {"token": token, "lease_s": lease}, repo, state_dir, json)


@app.command("release")
def release(
    task_id: TaskId,
    token: Token,
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Give a task back, for anybody to claim.

    \b
    Example:
      orchestra tasks release tsk_0123456789abcdef --token 1
    """
    _do(f"/tasks/{task_id}/release", {"token": token}, repo, state_dir, json)


@app.command("complete")
def complete(
    task_id: TaskId,
    token: Token,
    result: Annotated[str, typer.Option(help="What came of it.")] = "",
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Close a task as done.

    \b
    Example:
      orchestra tasks complete tsk_0123456789abcdef --token 1 --result "merged as #12"
    """
    body = {"token": token, "result": result}
    _do(f"/tasks/{task_id}/complete", body, repo, state_dir, json)


@app.command("cancel")
def cancel(
    task_id: TaskId,
    reason: Annotated[str, typer.Option(help="Why it shall not be done.")] = "",
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Close a task that shall not be done; whoever holds it finds its token stale.

    \b
    Example:
      orchestra tasks cancel tsk_0123456789abcdef --reason "not wanted any more"
    """
    _do(f"/tasks/{task_id}/cancel", {"reason": reason}, repo, state_dir, json)


@app.command("watch")
def watch(repo: Repo = None, state_dir: StateDir = None, json: Json = False) -> None:
    """Print each claim and hand-off as it comes, until Ctrl-C. With --json, one document per line.

    \b
    Examples:
      orchestra tasks watch
      orchestra tasks watch --json | jq .ops
    """
    with client(load(repo, state_dir)) as api:
        for event in follow(api, "/context/stream?topics=claims,handoffs"):
            if json:
                print_json({"event": event.name, "id": event.id} | event.data)
            elif event.name == "delta":
                typer.echo("\n".join(_change(event.data)))


def _do(path: str, body: dict[str, Any], repo: Repo, state_dir: StateDir, json: bool) -> None:
    with client(load(repo, state_dir)) as api:
        task = api.call("POST", path, body=body)
    show(task, as_json=json, lines=lambda: task_lines(task))


def task_lines(task: dict[str, Any]) -> list[str]:
    """A task for a person: a head of ours, and its texts behind bars, which they cannot leave."""
    now = datetime.now(UTC)
    lines = [f"{task['id']}  {task['state']}  priority {task['priority']}  by {task['creator']}"]
    lines += barred(task["title"])
    lines += barred(task["goal"])
    claim = task["claim"]
    if claim is not None:
        token = f"  token {claim['token']}" if claim["token"] else ""
        lines.append(f"  held by {claim['holder']} until {claim['until']}{token}")
    if task["handoff"]:
        lines.append(f"  waits in {task['handoff']} for {task['reserved_for'] or 'anybody'}")
    elif task["left_by"]:
        lines.append(f"  left by {task['left_by']} {ago(task['updated_at'], now)}")
    if task["closed_at"]:
        lines.append(f"  closed by {task['closed_by']} {ago(task['closed_at'], now)}")
        lines += barred(task["result"] or "")
    for name, said in task["progress"].items():
        for one in [said] if isinstance(said, str) else said:
            if one:
                lines += barred(f"{name}: {_said(one)}")
    return lines


def barred(text: str) -> list[str]:
    """A text of others, each of its lines behind a bar."""
    return [f"  | {plain(line)}" for line in text.split("\n")] if text else []


def plain(text: str) -> str:
    """A text without what would steer a terminal."""
    return "".join(c if c.isprintable() else "�" for c in text)


def _said(one: object) -> str:
    if isinstance(one, dict):
        return f"{one['what']} ({one['why']})" if one.get("why") else str(one["what"])
    return str(one)


def _rows(tasks: list[dict[str, Any]]) -> list[str]:
    now = datetime.now(UTC)
    cells = [
        [
            task["id"],
            task["state"],
            str(task["priority"]),
            (task["claim"] or {}).get("holder") or task["reserved_for"] or "-",
            ago(task["updated_at"], now),
            plain(task["title"]),
        ]
        for task in tasks
    ]
    return table(["task", "state", "prio", "who", "changed", "title"], cells)


def _change(delta: dict[str, Any]) -> list[str]:
    lines = []
    for operation in delta["ops"]:
        place = operation["path"].removeprefix(f"/topics/{delta['topic']}/value/")
        value = operation.get("value")
        if isinstance(value, dict):
            value = "  ".join(
                plain(f"{k}={v}") for k, v in value.items() if not isinstance(v, dict)
            )
        if not place.startswith("/"):  # when it was looked at is no news
            sign = {"add": "+", "remove": "-", "replace": "~"}[operation["op"]]
            lines.append(f"{delta['at'][11:23]}  {sign} {plain(place)}  {value or ''}".rstrip())
    return lines
