"""`orchestra gateway serve`: models alone, without the rest of the system."""

import os
import sys
from typing import Annotated

import typer
from orchestra.cli.options import Repo, StateDir
from orchestra.shared.settings import Settings, inherited_environment

_USUAL = 8701  # beside the API's 8700
_MODULE = "orchestra.api.models_server"


def serve(
    repo: Repo = None,
    port: Annotated[int, typer.Option(help="0: any free one.")] = _USUAL,
    state_dir: StateDir = None,
) -> None:
    """Serve models until Ctrl-C, in a small process of its own.

    It has the keys, the budgets and the kept answers of the system, and nothing else of it: no live context,
    no dashboard, no MCP. As many as are needed may run.

    \b
    Examples:
      orchestra gateway serve                  at http://127.0.0.1:8701/v1
      orchestra gateway serve --port 0         at any free port, which it prints
      ORCHESTRA_DATABASE_URL=… orchestra gateway serve    one of several on a shared database
    """
    settings = Settings.load(repo=repo, port=port, state_dir=state_dir)
    environment = inherited_environment(
        {
            "ORCHESTRA_REPO": str(settings.repo),
            "ORCHESTRA_STATE_DIR": str(settings.state_folder),
            "ORCHESTRA_PORT": str(settings.port),
        }
    )
    # the same process goes on as the server: signals, exit code and output are its own; without the
    # texts of its documentation, which take a twentieth of its memory
    os.execve(sys.executable, [sys.executable, "-OO", "-m", _MODULE], environment)  # noqa: S606
