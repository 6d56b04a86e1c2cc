"""For tests: real git repositories, and a collector that follows one."""

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from orchestra.context.collectors.codebase import CodebaseCollector
from orchestra.context.facts import Observation
from orchestra.shared.json import JsonObject
from orchestra.shared.settings import child_environment

_AUTHOR = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ALLOW_PROTOCOL": "file",
}


@dataclass(frozen=True)
class GitRepository:
    """A repository on disk, changed as a person changes it: with git and by writing files."""

    root: Path

    def git(self, *arguments: str, check: bool = True) -> bytes:
        """Run git in it; returns what it wrote."""
        command = ["git", "-c", "init.defaultBranch=main", *arguments]
        return subprocess.run(
            command,
            cwd=self.root,
            env=child_environment(_AUTHOR),
            check=check,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ).stdout

    def write(self, path: str, text: str = "text\n") -> Path:
        """Write a file and the folders above it."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        return target

    def commit(self, message: str = "a commit") -> str:
        """Commit everything; returns the commit's name."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD").decode().strip()

    @classmethod
    def create(cls, root: Path, *options: str) -> "GitRepository":
        """A new, empty repository."""
        root.mkdir(parents=True)
        repository = cls(root)
        repository.git("init", "--quiet", *options)
        return repository


@dataclass
class Followed:
    """What a running collector has published."""

    collector: CodebaseCollector
    running: "asyncio.Task[None]"
    observations: list[Observation] = field(default_factory=list)

    async def value(self) -> JsonObject:
        """The value once everything done so far has been published."""
        async with asyncio.timeout(30):
            await self.collector.settle()
        value = self.observations[-1].value
        assert value is not None  # noqa: S101 - the collector always has one
        return value

    async def changes(self) -> dict[str, str]:
        """Path → both status letters."""
        changes = (await self.value())["changes"]
        assert isinstance(changes, dict)  # noqa: S101 - for the type checker
        return {path: f"{c['index']}{c['worktree']}" for path, c in changes.items()}  # type: ignore[index,call-overload]  # a map of maps


@contextlib.asynccontextmanager
async def follow(collector: CodebaseCollector) -> AsyncIterator[Followed]:
    """Run a collector for the length of the block; it has published once when the block begins."""
    observations: list[Observation] = []
    first = asyncio.Event()

    async def publish(observation: Observation) -> None:
        observations.append(observation)
        first.set()

    running = asyncio.create_task(collector.run(publish))
    began = asyncio.create_task(first.wait())
    try:
        async with asyncio.timeout(30):
            await asyncio.wait([running, began], return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        yield Followed(collector, running, observations)
    finally:
        running.cancel()
        began.cancel()
        await asyncio.gather(running, began, return_exceptions=True)
