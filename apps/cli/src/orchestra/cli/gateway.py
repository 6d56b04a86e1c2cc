"""`orchestra gateway …`: models, what they cost, who may spend it, and why a call went as it did."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from orchestra.cli.client import client
from orchestra.cli.gateway_budget import app as budget
from orchestra.cli.gateway_cache import app as cache
from orchestra.cli.gateway_serve import serve
from orchestra.cli.options import Repo, StateDir, load
from orchestra.cli.output import Json, ago, say, show, table

app = typer.Typer(help="Models, their cost, and who may spend it.", no_args_is_help=True)
app.add_typer(budget, name="budget")
app.add_typer(cache, name="cache")
app.command()(serve)

_GROUPS = ("day", "agent", "key", "provider", "model", "route", "class")


@app.command("models")
def models(repo: Repo = None, state_dir: StateDir = None, json: Json = False) -> None:
    """List the models that can be asked, what they cost per million tokens, and how they are.

    \b
    Examples:
      orchestra gateway models
      orchestra gateway models --json | jq .routes
    """
    with client(load(repo, state_dir)) as api:
        found = api.get("/gateway/models")
    show(found, as_json=json, lines=lambda: _models(found))
    if not json and found["absent"]:
        for name, why in found["absent"].items():
            say(f"{name} cannot be asked: {' '.join(why.split())}")


def _models(found: dict[str, Any]) -> list[str]:
    rows = [
        [route["name"], f"{t['provider']}/{t['model']}", *_price(t["price"]), _state(t)]
        for route in found["routes"]
        for t in route["targets"]
    ]
    lines = table(["ROUTE", "MODEL", "INPUT", "OUTPUT", "STATE"], rows)
    names = ", ".join(f"{name} → {route}" for name, route in found["models"].items())
    lines += ["", f"what a client may write: {names or 'the names of the routes'}"]
    lines += [f"class {name}: {' → '.join(routes)}" for name, routes in found["classes"].items()]
    return lines


def _price(price: dict[str, str] | None) -> tuple[str, str]:
    return ("?", "?") if price is None else (f"${price['input']}", f"${price['output']}")


def _state(target: dict[str, Any]) -> str:
    words = {
        "closed": "answers",
        "half-open": "is tried again",
        "absent": "no key",
        "untried": "not asked yet",
        "open": f"left alone for {target['again_in']:.0f} s",
    }
    return words[target["state"]]


@app.command("cost")
def cost(
    by: Annotated[
        list[str] | None, typer.Option("--by", help=f"{', '.join(_GROUPS)}; up to three.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=400, help="Today is the last of them.")] = 7,
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Say what models cost, by day, agent, model or other things.

    \b
    Examples:
      orchestra gateway cost
      orchestra gateway cost --by agent --by model --days 30
    """
    groups = by or ["day"]
    with client(load(repo, state_dir)) as api:
        found = api.get(f"/gateway/cost?days={days}&" + "&".join(f"by={one}" for one in groups))
    if json or found["rows"]:
        show(found, as_json=json, lines=lambda: _cost(found))
        return
    say(f"no model was asked since {found['since']}; agents ask them at /v1 with a key that has")
    say("the scope models:use: orchestra keys create NAME --scope models:use")


def _cost(found: dict[str, Any]) -> list[str]:
    rows = [
        [
            row["name"],
            _spent(row),
            str(row["calls"]),
            str(row["failed"]),
            str(row["cache_hits"]),
            str(row["input"]),
            str(row["output"]),
        ]
        for row in (*found["rows"], found["total"])
    ]
    head = [" / ".join(found["by"]).upper(), "COST", "CALLS", "FAILED", "KEPT", "INPUT", "OUTPUT"]
    unpriced = found["total"]["unpriced"]
    note = f"?: the price of {unpriced} of the calls is unknown; see `orchestra gateway models`"
    return [*table(head, rows), *([note] if unpriced else [])]


def _spent(row: dict[str, Any]) -> str:
    """What is known of it; `?` for what is not."""
    if not row["unpriced"]:
        return f"${row['cost']}"
    return "?" if row["unpriced"] == row["calls"] else f"${row['cost']} + ?"


@app.command("ledger")
def ledger(
    task: Annotated[str | None, typer.Option(help="Only calls for this task.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=200)] = 20,
    before: Annotated[str | None, typer.Option(help="Those before this call.")] = None,
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """List calls of models, newest first.

    \b
    Examples:
      orchestra gateway ledger -n 5
      orchestra gateway ledger --task tsk_0123456789abcdef --json
    """
    given = {"task": task, "before": before, "limit": limit}
    with client(load(repo, state_dir)) as api:
        found = api.get("/gateway/ledger", {k: str(v) for k, v in given.items() if v is not None})
    if json or found["calls"]:
        show(found, as_json=json, lines=lambda: _calls(found["calls"]))
    else:
        say("there are no such calls")
    if found["next_before"] and not json:
        say(f"there are more: add --before {found['next_before']}")


def _calls(calls: list[dict[str, Any]]) -> list[str]:
    now = datetime.now(UTC)
    rows = [
        [
            call["id"],
            ago(call["at"], now),
            call["agent"],
            f"{call['provider']}/{call['model']}" if call["provider"] else call["asked"],
            "?" if call["cost"] is None else f"${call['cost']}",
            str(call["output"]),
            call["cache"] or call["finish"],
        ]
        for call in calls
    ]
    return table(["CALL", "WHEN", "AGENT", "MODEL", "COST", "OUTPUT", "END"], rows)


@app.command("explain")
def explain(
    call: Annotated[str, typer.Argument(help="The x-orchestra-request-id of an answer.")],
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Tell a call: its route, its attempts, what the cache did, where the price is from.

    \b
    Example:
      orchestra gateway explain req_019a7f3c2b4e7d5c8f10
    """
    with client(load(repo, state_dir)) as api:
        found = api.get(f"/gateway/explain/{call}")
    show(found, as_json=json, lines=lambda: found["lines"])
