"""`orchestra`: starts the system, and talks to it."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer
from orchestra.cli.commands import Commands
from orchestra.cli.output import fail
from orchestra.shared.errors import OrchestraError

app = typer.Typer(
    name="orchestra",
    cls=Commands,
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


def main() -> None:
    """Run the command; leave with 0 when it is done, 1 when it failed, 2 when it was misused."""
    try:
        app()
    except OrchestraError as error:
        fail(error)
