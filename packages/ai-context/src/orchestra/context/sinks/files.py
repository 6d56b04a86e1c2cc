"""Writes the context into `.ai-context/live/` of the served repository, for whoever reads files."""

import asyncio
import os
from contextlib import ExitStack, suppress
from pathlib import Path

import orjson
import structlog
from orchestra.context.sinks.markdown import render
from orchestra.shared.json import JsonObject

_FOLDER = (".ai-context", "live")
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW

_log = structlog.get_logger(__name__)


class FileSink:
    """Keeps `context.json` and `CONTEXT.md`, each replaced in one step.

    The folder ignores itself (it holds a `.gitignore` of `*`), so nothing shows up in the state
    of the repository. No symbolic link is followed on the way: a repository cannot make this
    write anywhere else.
    """

    def __init__(self, repository: Path) -> None:
        self._repository = repository
        self._failing = False

    async def emit(self, context: JsonObject) -> None:
        """Replace both files; a repository that cannot be written is reported once."""
        try:
            await asyncio.to_thread(self._write, context)
        except OSError as error:
            if not self._failing:
                _log.warning("context files cannot be written", error=str(error))
            self._failing = True
        else:
            self._failing = False

    def _write(self, context: JsonObject) -> None:
        with ExitStack() as opened:
            folder = os.open(self._repository, os.O_RDONLY | os.O_DIRECTORY)
            opened.callback(os.close, folder)
            for name in _FOLDER:
                folder = _enter(folder, name)
                opened.callback(os.close, folder)
            if not _exists(folder, ".gitignore"):
                _replace(folder, ".gitignore", b"*\n")
            options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
            _replace(folder, "context.json", orjson.dumps(context, option=options))
            _replace(folder, "CONTEXT.md", render(context).encode())


def _enter(parent: int, name: str) -> int:
    with suppress(FileExistsError):
        os.mkdir(name, 0o755, dir_fd=parent)
    return os.open(name, _DIRECTORY, dir_fd=parent)


def _exists(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _replace(folder: int, name: str, content: bytes) -> None:
    temporary = f".{name}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    with open(os.open(temporary, flags, 0o644, dir_fd=folder), "wb") as file:  # noqa: PTH123 - a descriptor
        file.write(content)
    os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
