"""`orchestra search` and `orchestra pack`: the code that a task is about."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from orchestra.cli.client import client
from orchestra.cli.options import Repo, StateDir, load
from orchestra.cli.output import Json, say, show
from orchestra.shared.errors import Invalid
from orchestra.shared.settings import Settings

_LINES = 6  # of a place that was found


def search(
    query: Annotated[str, typer.Argument(help="Words, or names from the code.")],
    limit: Annotated[
        int | None,
        typer.Option("--limit", "-n", min=1, max=500, help="10 places, or 100 references."),
    ] = None,
    under: Annotated[str, typer.Option(help="Only paths that begin so, such as `src/`.")] = "",
    references: Annotated[
        bool, typer.Option("--references", help="QUERY is a symbol: where is it used?")
    ] = False,
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Find the places in the code that fit some words.

    \b
    Examples:
      orchestra search "where are webhooks signed"
      orchestra search retry_after --under packages/shared --limit 3
      orchestra search "slow consumer" --json | jq -r '.found[].path'
      orchestra search --references Desk.search
    """
    if references:
        _show_references(load(repo, state_dir), query, limit or 100, under, json)
        return
    params = {"q": query, "limit": str(limit or 10), "under": under, "consistent": "true"}
    with client(load(repo, state_dir)) as api:
        answer = api.get("/search", params)
    show(answer, as_json=json, lines=lambda: _found_lines(answer["found"]))
    if not answer["found"] and not json:
        say("nothing fits; try other words, or see `orchestra status`")
    _say_notes(answer, json)


def pack(
    task: Annotated[str | None, typer.Argument(help="The task; `-` reads it from stdin.")] = None,
    budget: Annotated[int, typer.Option(help="Tokens that the context may take.")] = 16_000,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="Read the task from here.")
    ] = None,
    explain: Annotated[bool, typer.Option(help="Say of each part why it is in.")] = False,
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Print the context that an agent needs for a task.

    \b
    Examples:
      orchestra pack "webhooks must be retried after a 429"
      orchestra pack "rename the budget option" --budget 8000 --explain
      gh issue view 12 --json title,body -q '.title+"\\n"+.body' | orchestra pack -
    """
    order = {"task": _task(task, file), "budget": budget}
    with client(load(repo, state_dir)) as api:
        made = api.call("POST", "/pack", body=order)
    show(made, as_json=json, lines=lambda: _explained(made) if explain else [made["text"].rstrip()])
    if not json:
        shown = sum(item["kind"] == "code" for item in made["items"])
        say(f"{made['tokens']:,} of {budget:,} tokens, {shown} files shown in part or whole")


def _task(task: str | None, file: Path | None) -> str:
    if file is not None:
        try:
            return file.read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise Invalid(f"`{file}` cannot be read: {error}", hint="give a text file") from None
    if task == "-":
        return sys.stdin.read()
    if task is None:
        raise Invalid("there is no task", hint='say it: orchestra pack "what is to be done"')
    return task


def _found_lines(found: list[dict[str, Any]]) -> list[str]:
    lines = []
    for place in found:
        named = f"  {', '.join(place['symbols'][:3])}" if place["symbols"] else ""
        where = f"{place['path']}:{place['start']}-{place['end']}"
        lines.append(typer.style(where, bold=True) + named)
        lines += [f"    {line}" for line in place["text"].split("\n") if line.strip()][:_LINES]
        lines.append("")
    return lines[:-1]


def _show_references(
    settings: Settings, symbol: str, limit: int, under: str, as_json: bool
) -> None:
    params = {"symbol": symbol, "limit": str(limit), "under": under, "consistent": "true"}
    with client(settings) as api:
        answer = api.get("/references", params)
    show(answer, as_json=as_json, lines=lambda: _reference_lines(answer["found"]))
    if not as_json:
        say(f"{answer['total']} lines, {len(answer['found'])} shown")
    _say_notes(answer, as_json)


def _reference_lines(found: list[dict[str, Any]]) -> list[str]:
    return [
        typer.style(f"{c['path']}:{c['line']}", bold=True)
        + f"  {c['use']} ({c['resolved']})  {c['text']}"
        for c in found
    ]


def _say_notes(answer: dict[str, Any], as_json: bool) -> None:
    for note in () if as_json else answer["notes"]:
        say(f"note: {note}")


def _explained(made: dict[str, Any]) -> list[str]:
    lines = []
    for item in made["items"]:
        where = item["path"] or ""
        if item["kind"] == "code":
            where += ":" + ",".join(f"{start}-{end}" for start, end in item["ranges"])
        lines.append(f"{item['tokens']:>6}  {item['kind']:<10}  {where}")
        lines += [f"{'':20}{reason}" for reason in item["why"]]
    lines += [f"note: {note}" for note in made["notes"]]
    return lines
