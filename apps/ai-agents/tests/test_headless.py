"""Agents that are not installed, or do not start, have no version; those that run say it themselves."""

from pathlib import Path

import pytest
from orchestra.agents.testing.headless import CODEX, Place, run, version

pytestmark = pytest.mark.requirement("mcp.clients")


def program(folder: Path, text: str) -> None:
    """An agent of one line."""
    (folder / "codex").write_text(f"#!/bin/sh\n{text}\n")
    (folder / "codex").chmod(0o755)


def test_only_an_agent_that_starts_has_a_version(tmp_path: Path) -> None:
    assert version(CODEX, tmp_path) is None

    program(tmp_path, "exit 1")
    assert version(CODEX, tmp_path) is None

    program(tmp_path, "echo codex-cli 0.169.0")
    assert version(CODEX, tmp_path) == "0.169.0"


async def test_an_agent_runs_in_its_repository_with_a_home_of_its_own(tmp_path: Path) -> None:
    repository, home = tmp_path / "shop", tmp_path / "home"
    repository.mkdir()
    home.mkdir()
    program(tmp_path, 'echo "$PWD $HOME $CODEX_HOME $GIVEN"; for last; do :; done; echo "$last"')

    ran = await run(
        CODEX, tmp_path, Place(repository, home, "http://127.0.0.1:9"), "-p", {"GIVEN": "key"}
    )

    assert ran.output.splitlines() == [f"{repository} {home} {home}/.codex key", "-p"]
    assert f'[projects."{repository}"]' in (home / ".codex" / "config.toml").read_text()
