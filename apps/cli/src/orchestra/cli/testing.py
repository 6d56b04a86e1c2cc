"""A real system: `orchestra up` as a process, over a real repository, with its own database."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from orchestra.shared.settings import child_environment

ORCHESTRA = str(Path(sys.executable).parent / "orchestra")


class Running:
    """A system, and the command line beside it."""

    def __init__(self, repository: Path, state: Path) -> None:
        self.repository = repository
        self.state = state
        self.up = subprocess.Popen(
            [ORCHESTRA, "up", "--port", "0", "--no-browser", "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
        )
        line = self.up.stdout.readline() if self.up.stdout else ""
        if not line:
            raise AssertionError(self.up.communicate()[1])
        self.announced: dict[str, Any] = json.loads(line)

    @property
    def environment(self) -> dict[str, str]:
        """What a command needs to find this system, and nothing else."""
        return child_environment(
            {"ORCHESTRA_REPO": str(self.repository), "ORCHESTRA_STATE_DIR": str(self.state)}
        )

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a command beside it."""
        return subprocess.run(
            [ORCHESTRA, *arguments],
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=60,
            check=False,
        )

    def json(self, *arguments: str) -> Any:  # noqa: ANN401 - whatever the command prints
        """What a command prints with `--json`; it must succeed."""
        done = self.run(*arguments, "--json")
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return json.loads(done.stdout)

    def kill(self) -> None:
        """End `orchestra up` without giving it a chance to clean up."""
        self.up.kill()
        self.up.communicate()

    def stop(self) -> int:
        """Ctrl-C; returns the exit code."""
        self.up.send_signal(signal.SIGINT)
        self.up.communicate(timeout=30)
        return self.up.returncode


def make_repository(folder: Path) -> Path:
    """A git repository with one commit of `a.py`."""
    folder.mkdir(parents=True)
    (folder / "a.py").write_text("print(1)\n")
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    for arguments in (["init", "-qb", "main"], ["add", "."], [*identity, "commit", "-qm", "First"]):
        subprocess.run(["git", *arguments], cwd=folder, check=True, env=child_environment())
    return folder
