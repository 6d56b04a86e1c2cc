"""What goes where: one JSON document on stdout, everything else on stderr."""

import sys
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, NoReturn

import orjson
import typer
from orchestra.shared.errors import OrchestraError

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


def show(document: object, *, as_json: bool, lines: Callable[[], list[str]]) -> None:
    """Print the document, or what `lines` makes of it for a person."""
    if as_json:
        print_json(document)
    else:
        typer.echo("\n".join(lines()))


def print_json(document: object) -> None:
    """One line of JSON on stdout."""
    sys.stdout.write(orjson.dumps(document).decode() + "\n")
    sys.stdout.flush()


def say(text: str = "") -> None:
    """A line of progress, for a person, on stderr."""
    typer.echo(text, err=True)


def fail(error: OrchestraError) -> NoReturn:
    """Say what happened and what to do, and leave with 1."""
    say(f"{typer.style('error', fg='red', bold=True)}: {error.message}")
    if error.hint:
        say(f"{typer.style('hint', fg='cyan')}: {error.hint}")
    sys.exit(1)


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Rows in columns as wide as what is in them."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [head, *rows]
    ]


def ago(at: str | None, now: datetime) -> str:
    """How long ago an ISO time was, in words."""
    if not at:
        return "never"
    seconds = (now - datetime.fromisoformat(at)).total_seconds()
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit} ago"
    return f"{max(seconds, 0):.0f} s ago"
