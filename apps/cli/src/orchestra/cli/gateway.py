"""`orchestra gateway …`: models, what they cost, and the process that serves them."""

import typer
from orchestra.cli.gateway_serve import serve

app = typer.Typer(help="Models: one door to all of them.", no_args_is_help=True)
app.command()(serve)
