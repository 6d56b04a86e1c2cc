"""`orchestra gateway cache …`: what kept answers did, and forgetting them."""

from typing import Annotated, Any

import typer
from orchestra.cli.client import client
from orchestra.cli.options import Repo, StateDir, load
from orchestra.cli.output import Json, show

app = typer.Typer(help="See what kept answers did, and forget them.", no_args_is_help=True)


@app.command("show")
def show_cache(repo: Repo = None, state_dir: StateDir = None, json: Json = False) -> None:
    """Say what kept answers did, and where near ones are given.

    \b
    Example:
      orchestra gateway cache show --json
    """
    with client(load(repo, state_dir)) as api:
        found = api.get("/gateway/cache")
    show(found, as_json=json, lines=lambda: _cache(found))


@app.command("clear")
def clear(
    tenant: Annotated[
        str | None, typer.Option(help="`principal ID` or `group NAME`, as `show` names them.")
    ] = None,
    commit: Annotated[str | None, typer.Option(help="Answers given at this commit.")] = None,
    model: Annotated[
        str | None, typer.Option(help="Answers of this model, as its provider names it.")
    ] = None,
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Forget kept answers, in every process: all of them, or those that the options name.

    \b
    Examples:
      orchestra gateway cache clear
      orchestra gateway cache clear --tenant "group support"
    """
    given = {"tenant": tenant, "commit": commit, "model": model}
    params = {name: value for name, value in given.items() if value is not None}
    with client(load(repo, state_dir)) as api:
        found = api.call("DELETE", "/gateway/cache", params=params)
    show(found, as_json=json, lines=lambda: [f"{found['cleared']} answers are forgotten"])


def _cache(found: dict[str, Any]) -> list[str]:
    hits = found["exact_hits"] + found["semantic_hits"]
    share = f" ({hits / found['lookups']:.0%})" if found["lookups"] else ""
    lines = [
        (
            f"the same question: {'on' if found['exact'] else 'off'};"
            f" {found['entries']} answers, {found['bytes'] / 1e6:.1f} MB"
        ),
        f"a question like it: {found['semantic']}",
        (
            f"hits: {hits} of {found['lookups']}{share},"
            f" {found['exact_hits']} exact and {found['semantic_hits']} near; saved ${found['saved']}"
        ),
        f"checks of near answers: {found['shadow_checks']}, of which {found['shadow_false']} false",
    ]
    for family in found["families"]:
        threshold = "closed" if family["threshold"] is None else f"from {family['threshold']:.3f}"
        bound = f"at most {family['bound']:.1%} false"
        lines.append(f"  {family['name']}: {threshold}, {family['state']}, {bound}")
    return lines
