"""A way to compare with: Aider's repository map, made by another Python."""

import io
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from orchestra.context.index.tokens import count_tokens
from orchestra.context.recall import aider_map
from orchestra.context.recall.replay import Moment
from orchestra.context.recall.ways import Context
from orchestra.shared.errors import Unavailable
from orchestra.shared.settings import child_environment

NAME = "Aider repo map"
_LONGEST = 300.0  # seconds for one map


class AiderMap:
    """The way, by a Python interpreter in which `aider-chat` is installed."""

    def __init__(self, python: Path) -> None:
        self._python = python

    def __call__(self, moment: Moment, budget: int) -> Context:
        """The map of the repository as it was, read back as lines of its files.

        Raises:
            Unavailable: that Python has no Aider, or it failed.
        """
        with tempfile.TemporaryDirectory(prefix="orchestra-recall-") as folder:
            root = Path(folder)
            archive = moment.source.git.run("archive", moment.case.parent)
            with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
                tar.extractall(root, filter="data")
            for command in (["init", "-q"], ["add", "-f", "."]):
                subprocess.run(["git", *command], cwd=root, check=True, env=child_environment())
            text = self._map(root, moment.case.query, budget)
            shown = _read_back(text, root)
        return Context(shown, list(shown), count_tokens(text))

    def _map(self, root: Path, query: str, budget: int) -> str:
        asked = json.dumps({"root": str(root), "query": query, "budget": budget})
        try:
            done = subprocess.run(
                [self._python, aider_map.__file__],
                input=asked + "\n",
                capture_output=True,
                text=True,
                timeout=_LONGEST,
                env=child_environment(),
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise Unavailable(
                f"`{self._python}` made no map ({type(error).__name__})",
                hint="give a Python in which `aider-chat` is installed",
            ) from None
        text: str = json.loads(done.stdout.splitlines()[-1])["text"]
        return text


def _read_back(text: str, root: Path) -> dict[str, list[tuple[int, int]]]:
    """The lines that a map shows: each is looked for in its file, after the one before it."""
    shown: dict[str, list[tuple[int, int]]] = {}
    path, lines, after = "", list[str](), 0
    for line in text.splitlines():
        if line.startswith("│") and path:
            after = _find(lines, line[1:], after)
            if after:
                shown[path].append((after, after))
        elif line and not line.startswith("⋮"):
            path, after = line.removesuffix(":"), 0
            shown.setdefault(path, [])
            file = root / path
            lines = file.read_text(errors="replace").split("\n") if file.is_file() else []
    return shown


def _find(lines: Sequence[str], wanted: str, after: int) -> int:
    """The number of the first line that reads so, after the given one; 0 when there is none."""
    for number in range(after + 1, len(lines) + 1):
        if lines[number - 1].rstrip()[: len(wanted)] == wanted.rstrip():
            return number
    return 0
