"""What is written passes the agents' own checkers; each is skipped where it is not installed."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from orchestra.coordination.connect.testing import make_repository, run
from orchestra.shared.settings import child_environment

pytestmark = pytest.mark.requirement("agent.connect")


def installed(program: str, where: str) -> pytest.MarkDecorator:
    """Skips without the program."""
    reason = f"`{program}` is not installed ({where})"
    return pytest.mark.skipif(shutil.which(program) is None, reason=reason)


codex = installed("codex", "npm @openai/codex")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Connected, with every agent."""
    folder = make_repository(tmp_path / "shop")
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True, env=child_environment())
    run(folder)
    return folder


def ask(
    folder: Path, *words: str, extra: "dict[str, str] | None" = None
) -> "subprocess.CompletedProcess[str]":
    """Run a checker in the repository."""
    return subprocess.run(
        words,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env=child_environment(extra),
    )


@codex
@pytest.mark.parametrize(
    ("command", "decision"),
    [
        ("terraform apply -auto-approve", "forbidden"),
        ("terraform destroy", "forbidden"),
        ("kubectl delete pod x", "forbidden"),
        ("helm upgrade shop .", "forbidden"),
        ("terraform plan", None),
        ("kubectl get pods", None),
        ("vercel deploy", None),
        ("git status", None),
    ],
)
def test_codex_forbids_what_no_agent_may_do(
    command: str, decision: str | None, repository: Path
) -> None:
    rules = ".codex/rules/orchestra.rules"
    done = ask(repository, "codex", "execpolicy", "check", "--rules", rules, "--", *command.split())

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout).get("decision") == decision


@codex
def test_codex_reads_its_server_and_takes_the_key_from_the_environment(
    repository: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "config.toml").write_text(f'[projects."{repository}"]\ntrust_level = "trusted"\n')

    done = ask(repository, "codex", "mcp", "list", "--json", extra={"CODEX_HOME": str(home)})
    (server,) = json.loads(done.stdout)

    assert (server["name"], server["enabled"], server["auth_status"]) == (
        "orchestra",
        True,
        "bearer_token",
    )
    assert server["transport"]["url"] == "http://127.0.0.1:8700/mcp"
    assert server["transport"]["bearer_token_env_var"] == "ORCHESTRA_CODEX_KEY"


@installed("skillsaw", "PyPI")
def test_skillsaw_finds_nothing_wrong(repository: Path) -> None:
    done = ask(repository, "skillsaw", "lint", ".")

    assert done.returncode == 0, done.stdout
    assert "Errors:   0" in done.stdout, done.stdout
    assert "Warnings: 0" in done.stdout, done.stdout


@installed("agnix", "PyPI")
def test_agnix_finds_no_error(repository: Path) -> None:
    done = ask(repository, "agnix", ".")

    assert done.returncode == 0, done.stdout
    assert "Found 0 errors" in done.stdout, done.stdout
