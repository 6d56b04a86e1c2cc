"""`orchestra audit`: what was done, asked and decided."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from orchestra.cli.client import client
from orchestra.cli.options import Repo, StateDir, load
from orchestra.cli.output import Json, ago, say, show
from orchestra.shared.errors import Invalid

app = typer.Typer(help="Read and verify the audit.", no_args_is_help=True)


@app.command("list")
def list_rows(
    actor: Annotated[str | None, typer.Option(help="Only of this principal.")] = None,
    act: Annotated[
        str | None, typer.Option(help="Only this kind of row, or those that begin so.")
    ] = None,
    outcome: Annotated[
        str | None, typer.Option(help="Only with this outcome: allow, ask, deny, done, failed …")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=200)] = 50,
    before: Annotated[int | None, typer.Option(help="Those before this number.")] = None,
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """List rows of the audit, newest first.

    \b
    Examples:
      orchestra audit list --actor claude --outcome deny
      orchestra audit list --act approval. --json
    """
    given = {"actor": actor, "act": act, "outcome": outcome, "before": before, "limit": limit}
    with client(load(repo, state_dir)) as api:
        found = api.get("/audit", {k: str(v) for k, v in given.items() if v is not None})
    if json or found["rows"]:
        show(found, as_json=json, lines=lambda: [_line(row) for row in found["rows"]])
    else:
        say("there are no such rows")
    if found["next_before"] and not json:
        say(f"there are more: add --before {found['next_before']}")


@app.command("verify")
def verify(repo: Repo = None, state_dir: StateDir = None, json: Json = False) -> None:
    """Check every row against the one before and against the exported heads; 1 if it is broken.

    \b
    Example:
      orchestra audit verify
    """
    with client(load(repo, state_dir)) as api:
        found = api.get("/audit/verify")
    intact = f"intact: {found['checked']} rows, {found['heads']} exported heads"
    if json or found["intact"]:
        show(found, as_json=json, lines=lambda: [intact])
    if not found["intact"]:
        raise Invalid(
            f"the audit is broken at row {found['broken_at']}: {found['reason']}",
            hint="compare with a backup; somebody wrote to the database behind Orchestra's back",
        )


def _line(row: dict[str, Any]) -> str:
    when = ago(row["at"], datetime.now(UTC))
    said = row["summary"] or row["reason"] or ""
    why = f"  ({_plain(row['reason'])})" if row["summary"] and row["reason"] else ""
    head = f"{row['seq']}  {when}  {_plain(row['actor'])}  {row['act']}  {row['outcome']}"
    return f"{head}  | {_plain(said)}{why}"


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else "�" for c in text)
