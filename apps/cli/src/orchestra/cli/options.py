"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer
from orchestra.shared.settings import Settings

Repo = Annotated[
    Path | None,
    typer.Option("--repo", help="The git repository. [env: ORCHESTRA_REPO; default: this folder]"),
]
StateDir = Annotated[
    Path | None,
    typer.Option(
        "--state-dir",
        help="Where the system keeps its data. [env: ORCHESTRA_STATE_DIR; default: by repository]",
    ),
]


def load(repo: Path | None, state_dir: Path | None) -> Settings:
    """The settings with these two options on top of the environment."""
    return Settings.load(repo=repo, state_dir=state_dir)
