"""Makes Aider's repository map, run by a Python that has `aider-chat` and nothing of ours.

Each line of stdin is `{"root", "query", "budget"}`, each line of stdout `{"text"}`.
"""

import json
import re
import subprocess
import sys
from pathlib import Path


class _Model:
    """What the map asks of a model: how long a text is. Four characters are taken for a token."""

    def token_count(self, text: str) -> float:
        return len(text) / 4


class _Files:
    """What the map asks of a terminal: files, and somewhere to complain."""

    def read_text(self, path: str, **_options: object) -> str:
        try:
            return Path(path).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def tool_output(self, *_words: object, **_options: object) -> None:
        """Say nothing."""

    tool_warning = tool_error = tool_output


def make(root: str, query: str, budget: int) -> str:
    """The map of the repository at `root` for the names that the query mentions."""
    from aider.repomap import RepoMap  # type: ignore[import-not-found]  # the other Python has it

    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True)
    files = [str(Path(root) / name) for name in listed.stdout.decode().split("\0") if name]
    chosen = RepoMap(map_tokens=budget, root=root, main_model=_Model(), io=_Files())
    words = set(re.findall(r"[A-Za-z_][A-Za-z0-9_]+", query))
    mentioned = {name for name in (Path(file).name for file in files) if name in query}
    text = chosen.get_repo_map(
        [], files, mentioned_fnames=mentioned, mentioned_idents=words, force_refresh=True
    )
    return text or ""


def main() -> None:
    """Answer until stdin ends."""
    answers, sys.stdout = sys.stdout, sys.stderr  # what the library prints is no answer
    for line in sys.stdin:
        asked = json.loads(line)
        text = make(asked["root"], asked["query"], asked["budget"])
        answers.write(json.dumps({"text": text}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
