"""A git repository with as many files as wanted, made in a moment."""

import subprocess
from pathlib import Path

from orchestra.shared.settings import child_environment

_PER_FOLDER = 20
_FOLDERS_PER_AREA = 25
_CONTENTS = 64  # different contents: git stores each once, so making 50,000 files is quick


def generate(folder: Path, files: int) -> list[Path]:
    """Make a repository with one commit; the tracked files, 20 to a folder."""
    made = []
    for number in range(files):
        part = number // _PER_FOLDER
        path = folder / f"area_{part // _FOLDERS_PER_AREA:03}" / f"part_{part:04}"
        if number % _PER_FOLDER == 0:
            path.mkdir(parents=True)
        path /= f"module_{number:05}.py"
        path.write_text(f'"""Part {number % _CONTENTS}."""\n\nNUMBER = {number % _CONTENTS}\n' * 3)
        made.append(path)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "gc.auto", "0")
    git(folder, "add", ".")
    identity = ("-c", "user.name=Bench", "-c", "user.email=bench@example.org")
    git(folder, *identity, "commit", "-q", "-m", "Begin")
    return made


def git(folder: Path, *arguments: str) -> str:
    """Run git there; what it says on stdout."""
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        check=True,
        capture_output=True,
        text=True,
        env=child_environment({"GIT_CONFIG_NOSYSTEM": "1"}),
    )
    return done.stdout


def count_untracked(folder: Path) -> int:
    """How many untracked files git itself sees."""
    status = git(folder, "status", "--porcelain", "-uall", "-z")
    return sum(1 for entry in status.split("\0") if entry.startswith("?? "))
