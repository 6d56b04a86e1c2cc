"""`orchestra bench`: every figure that we claim, measured beside its peers in the same run."""

from pathlib import Path
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


@app.command("handoff")
def bench_handoff(quick: Quick = False, json: Json = False) -> None:
    """From one agent's release to the next one's first prompt; racing claimers; kills within steps."""
    from orchestra.cli.bench.handoff import measure

    run("handoff", measure, quick=quick, as_json=json)


@app.command("index")
def bench_index(quick: Quick = False, json: Json = False) -> None:
    """The code index: reading a large repository, saves, searches, packs, a branch switch."""
    from orchestra.cli.bench.index import measure

    run("index", measure, quick=quick, as_json=json)


@app.command("recall")
def bench_recall(
    cases: Annotated[Path, typer.Option(help="Cases, one JSON object a line.")],
    repos: Annotated[Path, typer.Option(help="Holds a git repository at OWNER+NAME/repo each.")],
    budget: Annotated[int, typer.Option(min=1000, max=200_000, help="Tokens.")] = 16_000,
    cache: Annotated[Path | None, typer.Option(help="Keeps what was parsed for next time.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Cases of each repository.")] = None,
    apart: Annotated[
        Path | None,
        typer.Option(help="Weights that were learned without the repository they are used on."),
    ] = None,
    aider: Annotated[
        Path | None,
        typer.Option(help="A Python with aider-chat: its repo map is measured on some cases."),
    ] = None,
    embedder: Annotated[
        Path | None,
        typer.Option(help="The folder of an embedding model: vectors are measured beside words."),
    ] = None,
    quick: Quick = False,
    json: Json = False,
) -> None:
    """Does the context for a task hold what the real change then edited?

    \b
    A case is {"id", "repo", "parent", "query", "gold": [paths], "gold_spans": {path:
    {"lines": [[first, last]], "functions": [[name, first, last]]}}}, with "difficulty" and "date".

    \b
    Example:
      orchestra bench recall --cases dev.jsonl --repos clones --cache ~/.cache/recall --json
    """
    from orchestra.cli.bench.recall import RecallBench

    bench = RecallBench(cases, repos, budget, cache, limit, apart, aider, embedder)
    run("recall", bench.measure, quick=quick, as_json=json)


@app.command("mcp")
def bench_mcp(
    fastmcp: Annotated[
        Path | None, typer.Option(help="A Python with FastMCP, to be measured as well.")
    ] = None,
    quick: Quick = False,
    json: Json = False,
) -> None:
    """Calls per second and CPU per tool call, beside the bare MCP SDK and FastMCP."""
    from orchestra.cli.bench.mcp_calls import McpBench

    run("mcp", McpBench(fastmcp).measure, quick=quick, as_json=json)


@app.command("hooks")
def bench_hooks(quick: Quick = False, json: Json = False) -> None:
    """What a hook costs an agent: the entry that is installed, beside one in Python."""
    from orchestra.cli.bench.hooks import measure

    run("hooks", measure, quick=quick, as_json=json)


@app.command("gateway")
def bench_gateway(
    litellm: Annotated[
        Path | None, typer.Option(help="A Python with litellm[proxy], to be measured as well.")
    ] = None,
    portkey: Annotated[
        Path | None,
        typer.Option(help="A folder with Portkey's gateway in node_modules, instead of ours."),
    ] = None,
    tensorzero: Annotated[
        Path | None, typer.Option(help="A Python with tensorzero, to be measured as well.")
    ] = None,
    quick: Quick = False,
    json: Json = False,
) -> None:
    """What a call to a model costs here, and at other gateways: time, processor, memory."""
    from orchestra.cli.bench.gateway.measure import GatewayBench
    from orchestra.cli.bench.gateway.peers import Peers

    run(
        "gateway",
        GatewayBench(Peers(litellm, portkey, tensorzero)).measure,
        quick=quick,
        as_json=json,
    )


@app.command("cache")
def bench_cache(
    labelled: Annotated[
        Path, typer.Option(help="Prompts: a CSV with the columns text and intent.")
    ],
    pairs: Annotated[Path, typer.Option(help="Pairs of prompts, one JSON object a line.")],
    embedder: Annotated[
        Path | None, typer.Option(help="The folder of an embedding model, measured beside hashing.")
    ] = None,
    quick: Quick = False,
    json: Json = False,
) -> None:
    """Answers by likeness: how many are given and how many are wrong, beside a plain threshold.

    \b
    Prompts with the same intent have the same answer. A pair is {"a": …, "b": …, "same": true}.

    \b
    Example:
      orchestra bench cache --labelled banking77.csv --pairs edits.jsonl --embedder minilm --json
    """
    from orchestra.cli.bench.cache import CacheBench

    run("cache", CacheBench(labelled, pairs, embedder).measure, quick=quick, as_json=json)
