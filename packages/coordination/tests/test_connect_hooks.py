"""The commands that are written into hooks do what they say when nobody answers them."""

import json
import stat
import subprocess
from pathlib import Path

import pytest
from orchestra.coordination.connect import Order, Tree, connect
from orchestra.coordination.connect.testing import make_repository, run
from orchestra.shared.settings import child_environment

pytestmark = pytest.mark.requirement("agent.connect")

ENTRY = ".ai-context/hooks/orchestra-hook"
NOBODY = "http://127.0.0.1:1"
BRANDS = ("claude", "codex", "cursor", "factory")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository with a spec and a subfolder."""
    folder = make_repository(tmp_path / "a shop")
    (folder / "packages").mkdir()
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True, env=child_environment())
    return folder


def commands(folder: Path, brand: str) -> tuple[str, str]:
    """What an agent runs when a session starts, and before it runs a command."""
    path = {"claude": ".claude/settings.json"}.get(brand, f".{brand}/hooks.json")
    document = json.loads((folder / path).read_text())
    events = document.get("hooks", document)
    if brand == "cursor":
        return (
            events["sessionStart"][0]["command"],
            events["beforeShellExecution"][0]["command"],
        )
    return (
        events["SessionStart"][0]["hooks"][0]["command"],
        events["PreToolUse"][0]["hooks"][0]["command"],
    )


def as_the_agent(folder: Path, brand: str, command: str) -> "subprocess.CompletedProcess[str]":
    """Run it as the agent does: in its folder, with its variables, by a shell."""
    below = brand in ("codex", "factory")  # they read the root's files from a subfolder, too
    environment = {
        "ORCHESTRA_URL": NOBODY,
        "CLAUDE_PROJECT_DIR": str(folder),
        f"ORCHESTRA_{brand.upper()}_KEY": "orc_x",
    }
    return subprocess.run(
        ["sh", "-c", command],
        cwd=folder / "packages" if below else folder,
        input="{}",
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env=child_environment(environment),
    )


@pytest.mark.requirement("trust.inputs")
@pytest.mark.parametrize("brand", BRANDS)
def test_without_an_answer_calls_are_blocked_and_sessions_start(
    brand: str, repository: Path
) -> None:
    run(repository)
    started, asked = commands(repository, brand)

    told = as_the_agent(repository, brand, started)
    blocked = as_the_agent(repository, brand, asked)
    assert (told.returncode, json.loads(told.stdout)) == (0, {})
    assert blocked.returncode == 2, blocked

    run(repository, fail_mode="open")
    passed = as_the_agent(repository, brand, commands(repository, brand)[1])
    assert (passed.returncode, json.loads(passed.stdout)) == (0, {})


@pytest.mark.requirement("trust.inputs")
@pytest.mark.parametrize("brand", BRANDS)
def test_without_the_entry_calls_are_blocked_too(brand: str, repository: Path) -> None:
    run(repository)
    (repository / ENTRY).unlink()

    done = as_the_agent(repository, brand, commands(repository, brand)[1])

    # Cursor stops a call after any failure that is marked `failClosed`; the others only after 2.
    assert done.returncode != 0 if brand == "cursor" else done.returncode == 2


def test_the_entry_can_be_run_and_a_check_sees_when_it_cannot(repository: Path) -> None:
    run(repository)
    entry = repository / ENTRY
    assert stat.S_IMODE(entry.stat().st_mode) == 0o755
    assert b"\r" not in entry.read_bytes()

    entry.chmod(0o644)
    assert [edit.path for edit in connect(Tree(repository), Order()).edits] == [ENTRY]
    assert f"{ENTRY}: to be executable" in connect(Tree(repository), Order()).diff()
    run(repository)
    assert stat.S_IMODE(entry.stat().st_mode) == 0o755

    entry.write_text("#!/bin/sh\n")
    run(repository)
    assert "Orchestra" in entry.read_text()
