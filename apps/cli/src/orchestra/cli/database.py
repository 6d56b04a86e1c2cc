"""`orchestra db`: the embedded database, its backups and what is in them."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from orchestra.cli.options import Repo, StateDir, load
from orchestra.cli.output import Json, show
from orchestra.cli.supervisor import API
from orchestra.cli.typed import typed
from orchestra.shared.errors import Conflict, Invalid
from orchestra.shared.postgres import EmbeddedPostgres
from orchestra.shared.presence import presence

app = typer.Typer(help="Look after the embedded database.", no_args_is_help=True)


def _postgres(repo: Path | None, state_dir: Path | None) -> EmbeddedPostgres:
    settings = load(repo, state_dir)
    if settings.database_url is not None:
        raise Invalid(
            "this system uses the database that DATABASE_URL names, not an embedded one",
            hint="use that database's own tools",
        )
    return EmbeddedPostgres(settings.state_folder)


@app.command("status")
def status(repo: Repo = None, state_dir: StateDir = None, json: Json = False) -> None:
    """Say whether the database runs, and where it is."""
    found = {
        k: str(v) if isinstance(v, Path) else v
        for k, v in asdict(_postgres(repo, state_dir).status()).items()
    }
    show(found, as_json=json, lines=lambda: [f"{k}: {v}" for k, v in found.items()])


@app.command("start")
def start(repo: Repo = None, state_dir: StateDir = None, json: Json = False) -> None:
    """Start the database, or find that it runs."""
    _postgres(repo, state_dir).ensure()
    show({"running": True}, as_json=json, lines=lambda: ["the database runs"])


@app.command("stop")
def stop(repo: Repo = None, state_dir: StateDir = None, json: Json = False) -> None:
    """Stop the database. A system that runs on it will start it again."""
    _postgres(repo, state_dir).stop()
    show({"running": False}, as_json=json, lines=lambda: ["the database is stopped"])


@app.command("backup")
def backup(
    target: Annotated[Path, typer.Argument(help="Where the backup goes; replaced when it exists.")],
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Write a backup of everything while the system runs."""
    _postgres(repo, state_dir).backup(target)
    show({"backup": str(target)}, as_json=json, lines=lambda: [f"backed up to {target}"])


@app.command("restore")
def restore(
    source: Annotated[Path, typer.Argument(help="A backup that `orchestra db backup` wrote.")],
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Put a backup in the place of the database; stop the system first."""
    settings = load(repo, state_dir)
    if presence(settings.state_folder / API) is not None:
        raise Conflict(
            "the system runs; a restore would change the database under it",
            hint=f"stop it first: {typed(settings, 'down')}",
        )
    _postgres(repo, state_dir).restore(source)
    show({"restored": str(source)}, as_json=json, lines=lambda: [f"restored {source}"])
