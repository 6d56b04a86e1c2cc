"""`orchestra bench`: every figure that we claim, measured beside its peers in the same run."""

from typing import Annotated

import typer
from orchestra.cli.bench.report import run
from orchestra.cli.output import Json

app = typer.Typer(help="Measure, beside a peer, in one run.", no_args_is_help=True)

Quick = Annotated[bool, typer.Option("--quick", help="At most a minute, with fewer repetitions.")]


@app.command("stream")
def bench_stream(quick: Quick = False, json: Json = False) -> None:
    """From a saved file to every reader: latency, fan-out, losses, bytes, rest."""
    from orchestra.cli.bench.stream import measure  # only those who measure pay for it

    run("stream", measure, quick=quick, as_json=json)


@app.command("durability")
def bench_durability(quick: Quick = False, json: Json = False) -> None:
    """Kill the API, the database and both at random while events are written."""
    from orchestra.cli.bench.durability import measure

    run("durability", measure, quick=quick, as_json=json)
