"""The commit that a repository is at, for a process that keeps no live context of it."""

import asyncio
from pathlib import Path

import structlog
from orchestra.shared.settings import child_environment

PAUSE = 5.0
"""Seconds between two looks."""
_PATIENCE = 5.0  # seconds that git may take
_ASK = ("git", "-c", "core.fsmonitor=false", "rev-parse", "-q", "--verify", "HEAD^{commit}")

_log = structlog.get_logger(__name__)


class Head:
    """Asks git now and then; a commit is noticed within seconds."""

    def __init__(self, repository: Path, *, pause: float = PAUSE) -> None:
        self._repository = repository
        self._pause = pause
        self._task: asyncio.Task[None] | None = None
        self.commit: str | None = None
        """None where there is no repository, or no commit in it."""

    async def start(self) -> None:
        """Look once, and go on looking."""
        self.commit = await self._asked()
        self._task = asyncio.create_task(self._look(), name="head")

    async def close(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(self._pause)
            try:
                self.commit = await self._asked()
            except Exception:  # noqa: BLE001 - the top of this loop: it looks again
                _log.exception("git could not be asked for HEAD")

    async def _asked(self) -> str | None:
        try:
            process = await asyncio.create_subprocess_exec(
                *_ASK,
                cwd=self._repository,
                env=child_environment(),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
        except OSError:  # no git, or no such folder
            return None
        try:
            async with asyncio.timeout(_PATIENCE):
                out, _ = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            return self.commit
        return out.decode("ascii", "replace").strip() or None
