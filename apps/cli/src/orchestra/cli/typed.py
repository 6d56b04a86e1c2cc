"""Our own commands in the words that a person can type where this one was typed."""

import shlex
import shutil
import sys
from pathlib import Path

from orchestra.shared.settings import Settings


def typed(settings: Settings, *words: str, serve: bool = False) -> str:
    """The command for the system of these settings; with `serve`, to start it."""
    options: list[str] = []
    if settings.state_dir is not None:
        options += ["--state-dir", str(settings.state_folder)]
    if serve or (settings.state_dir is None and settings.repo != _here(settings)):
        options += ["--repo", _repository(settings)]
    return shlex.join([_program(), *words, *options])


def _repository(settings: Settings) -> str:
    """The repository, or a word in its place when there is none."""
    folder = settings.repo
    known = (folder / ".git").exists() or (folder / "objects").is_dir()  # the latter: a bare one
    return str(folder) if known else "REPOSITORY"


def _here(settings: Settings) -> Path:
    """The repository of this folder, which needs no option."""
    return type(settings).load(repo=Path.cwd()).repo


def _program() -> str:
    """How this program is called: by its name, where that finds it."""
    path = Path(sys.argv[0])
    if path.name != "orchestra":
        return "orchestra"
    on_path = shutil.which(path.name)
    if on_path is not None and Path(on_path).absolute() == path.absolute():
        return path.name
    return str(path.absolute())
