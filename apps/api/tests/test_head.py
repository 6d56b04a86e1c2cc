"""A process without a live context knows the commit that its repository is at."""

import asyncio
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from orchestra.api.head import Head
from orchestra.shared.settings import child_environment

pytestmark = pytest.mark.requirement("gw.cache")
WHO = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", *WHO, *words], cwd=folder, check=True, capture_output=True, env=child_environment()
    )
    return done.stdout.decode().strip()


async def test_a_commit_is_noticed(tmp_path: Path, new_repository: Callable[[Path], Path]) -> None:
    folder = new_repository(tmp_path)
    head = Head(folder, pause=0.01)
    await head.start()
    assert head.commit == git(folder, "rev-parse", "HEAD")

    git(folder, "commit", "-q", "--allow-empty", "-m", "next")
    newer = git(folder, "rev-parse", "HEAD")
    async with asyncio.timeout(30):
        while head.commit != newer:
            await asyncio.sleep(0.01)
    await head.close()


async def test_where_there_is_no_repository_there_is_no_commit(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "absent"):
        head = Head(folder)
        await head.start()
        assert head.commit is None
        await head.close()
