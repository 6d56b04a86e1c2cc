"""`orchestra`: starts the system, and talks to it."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer
from orchestra.cli import bench, context, database, keys, mcp, memory, search, status, up
from orchestra.cli.output import fail
from orchestra.shared.errors import OrchestraError

app = typer.Typer(
    name="orchestra",
    help="The control plane that coding agents and people share on one repository.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"orchestra {version('orchestra-cli')}\n")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """Options that stand before the command."""


app.command("up")(up.up)
app.command("down")(up.down)
app.command("status")(status.status)
app.command("doctor")(status.doctor)
app.command("search")(search.search)
app.command("pack")(search.pack)
app.command("login")(keys.login)
app.command("mcp")(mcp.mcp)
app.add_typer(context.app, name="context")
app.add_typer(memory.app, name="memory")
app.add_typer(keys.app, name="keys")
app.add_typer(database.app, name="db")
app.add_typer(bench.app, name="bench")


def main() -> None:
    """Run the command; leave with 0 when it is done, 1 when it failed, 2 when it was misused."""
    try:
        app()
    except OrchestraError as error:
        fail(error)
