"""`orchestra connect` as it is typed: check, dry run, removal, keys, and exit codes."""

import json
import stat
import subprocess
from pathlib import Path

import pytest
from orchestra.cli.testing import ORCHESTRA, Running, make_repository
from orchestra.shared.settings import child_environment

pytestmark = pytest.mark.requirement("agent.connect")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "shop")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def typed(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """The command in a folder, with nothing running."""
    return subprocess.run(
        [ORCHESTRA, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env=child_environment({"ORCHESTRA_STATE_DIR": "/tmp/orchestra-nowhere"}),
        timeout=60,
        check=False,
    )


def test_connecting_needs_no_running_system_and_says_what_holds(repository: Path) -> None:
    done = typed(repository, "connect")

    assert done.returncode == 0, done.stderr
    for said in (
        "created  .mcp.json",
        "enforced",
        "advisory",
        "unsupported",
        "left to do",
        "/hooks",
    ):
        assert said in done.stdout
    again = typed(repository, "connect", "--json")
    document = json.loads(again.stdout)
    assert (again.returncode, document["up_to_date"], again.stderr) == (0, True, "")
    assert list(document["agents"]) == ["claude", "codex", "cursor", "factory", "manus"]
    assert document["agents"]["codex"]["key_variable"] == "ORCHESTRA_CODEX_KEY"


def test_a_check_lists_what_is_not_up_to_date_and_changes_nothing(repository: Path) -> None:
    before = typed(repository, "connect", "claude", "--check")
    assert (before.returncode, names(repository)) == (1, [".git", "a.py"])
    assert ".mcp.json" in before.stdout

    typed(repository, "connect", "claude")
    assert typed(repository, "connect", "--check").returncode == 0

    (repository / ".mcp.json").write_text("{}")
    after = typed(repository, "connect", "--check", "--json")
    assert after.returncode == 1
    assert [edit["path"] for edit in json.loads(after.stdout)["edits"]] == [".mcp.json"]


def test_a_dry_run_prints_a_diff_that_git_can_apply(repository: Path) -> None:
    done = typed(repository, "connect", "cursor", "--dry-run")
    assert names(repository) == [".git", "a.py"]

    applied = subprocess.run(
        ["git", "apply", "-"], cwd=repository, input=done.stdout, text=True, check=False
    )
    assert applied.returncode == 0
    assert "orchestra" in json.loads((repository / ".cursor/mcp.json").read_text())["mcpServers"]
    assert typed(repository, "connect", "cursor", "--check").stdout.count(".cursor/") == 0


def test_removal_from_a_subfolder_leaves_nothing(repository: Path) -> None:
    inside = repository / "packages" / "one"
    inside.mkdir(parents=True)

    assert typed(inside, "connect").returncode == 0
    assert (repository / "AGENTS.md").exists()
    assert list(inside.iterdir()) == []

    assert typed(inside, "connect", "--remove").returncode == 0
    assert names(repository) == [".git", "a.py", "packages"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["connect", "emacs"], 1, "`emacs` does not fit `agents`"),
        (["connect", "--url", "http://a b"], 1, "does not fit `url`"),
        (["connect", "--fail-mode", "ajar"], 2, "ajar"),
        (["connect", "--check", "--dry-run"], 1, "exclude each other"),
        (["connect", "--remove", "--keys"], 1, "--keys goes with writing only"),
        (["connect", "codex", "--remove"], 1, "`codex` is not connected here"),
        (["connect", "--keys"], 1, "does not run"),
        (["connect", "--repo", "/"], 1, "is not in a git repository"),
        (["keys", "env"], 1, "there are no keys of agents"),
    ],
)
def test_misuse_is_said(repository: Path, arguments: list[str], code: int, said: str) -> None:
    done = typed(repository, *arguments)

    assert (done.returncode, "Traceback" in done.stderr) == (code, False)
    assert said in done.stderr


def test_a_broken_file_is_named_with_its_line(repository: Path) -> None:
    (repository / ".mcp.json").write_text('{\n  "mcpServers": {,}\n}')

    done = typed(repository, "connect")

    assert done.returncode == 1
    assert "`.mcp.json:2` is not JSON" in done.stderr
    assert "hint" in done.stderr
    assert names(repository) == [".git", ".mcp.json", "a.py"]


@pytest.mark.requirement("trust.identity")
def test_each_agent_gets_a_key_that_only_its_owner_can_read(system: Running) -> None:
    document = system.json("connect", "claude", "codex", "--keys")
    keys = document["keys"]
    paths = [Path(key["path"]) for key in keys.values()]
    texts = [path.read_text().strip() for path in paths]

    assert [key["made"] for key in keys.values()] == [True, True]
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600}
    assert stat.S_IMODE(paths[0].parent.stat().st_mode) == 0o700
    assert not any(text in json.dumps(document) for text in texts)

    again = system.run("connect", "--keys")
    assert "kept the key" in again.stderr
    assert not any(text in again.stdout + again.stderr for text in texts)
    assert "ORCHESTRA_CLAUDE_KEY" in system.run("connect", "--keys", "--print").stdout

    lines = system.run("keys", "env").stdout.splitlines()
    assert f"export ORCHESTRA_CLAUDE_KEY={texts[0]}" in lines
    assert f"export ORCHESTRA_URL={system.announced['url']}" in lines
    whole = {
        key["name"]: key for key in system.json("keys", "list")["keys"] if not key["revoked_at"]
    }
    assert whole["claude"]["kind"] == "agent"
    assert "hooks:write" in whole["claude"]["scopes"]

    system.run("keys", "revoke", whole["claude"]["id"])
    renewed = system.json("connect", "--keys")["keys"]
    assert [renewed[brand]["made"] for brand in ("claude", "codex")] == [True, False]
