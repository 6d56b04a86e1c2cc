"""`orchestra gateway budget …`: how much may be spent on models, and by whom."""

from typing import Annotated, Any
from urllib.parse import quote

import typer
from orchestra.cli.client import client
from orchestra.cli.options import Repo, StateDir, load
from orchestra.cli.output import Json, say, show, table

app = typer.Typer(help="Set, list and remove budgets.", no_args_is_help=True)

Kind = Annotated[str, typer.Argument(help="system, agent, key or task.")]
Subject = Annotated[str, typer.Argument(help="A name or an id; * for each that has none.")]


@app.command("set")
def set_budget(
    kind: Kind,
    subject: Subject,
    amount: Annotated[str, typer.Argument(help="20/day, 300/month, or 2 for ever; in dollars.")],
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Set a budget; it holds at once. Days and months are UTC.

    \b
    Examples:
      orchestra gateway budget set agent codex 20/day
      orchestra gateway budget set task '*' 2
      orchestra gateway budget set system '*' 300/month
    """
    order = {"kind": kind, "subject": subject, "amount": amount}
    with client(load(repo, state_dir)) as api:
        found = api.call("PUT", "/gateway/budgets", body=order)
    show(found, as_json=json, lines=lambda: _lines(found["budgets"]))


@app.command("list")
def list_budgets(repo: Repo = None, state_dir: StateDir = None, json: Json = False) -> None:
    """List budgets with what is spent and left of them.

    \b
    Example:
      orchestra gateway budget list
    """
    with client(load(repo, state_dir)) as api:
        found = api.get("/gateway/budgets")
    if json or found["budgets"]:
        show(found, as_json=json, lines=lambda: _lines(found["budgets"]))
        return
    say("there is no budget: anybody with the scope models:use may spend without a limit")
    say("set one: orchestra gateway budget set system '*' 20/day")


@app.command("remove")
def remove(
    kind: Kind,
    subject: Subject,
    period: Annotated[str, typer.Argument(help="day, month or ever.")],
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Remove a budget that was set; one of the configuration holds again then.

    \b
    Example:
      orchestra gateway budget remove agent codex day
    """
    with client(load(repo, state_dir)) as api:
        path = f"/gateway/budgets/{quote(kind, safe='')}/{quote(subject, safe='')}"
        api.call("DELETE", path, params={"period": period})
    removed = {"removed": {"kind": kind, "subject": subject, "period": period}}
    show(removed, as_json=json, lines=lambda: [f"removed {kind} {subject} {period}"])


def _lines(budgets: list[dict[str, Any]]) -> list[str]:
    rows = [
        [
            budget["kind"],
            "each" if budget["subject"] == "*" and budget["for_each"] else budget["subject"],
            f"${budget['amount']}/{budget['period']}",
            f"${budget['spent']}",
            f"${budget['held']}",
            f"${budget['left']}",
            (budget["ends"] or "never")[:16].replace("T", " "),
            budget["origin"],
        ]
        for budget in budgets
    ]
    head = ["KIND", "WHOSE", "BUDGET", "SPENT", "HELD", "LEFT", "BEGINS ANEW (UTC)", "SET BY"]
    return table(head, rows)
