"""The command line: one JSON document on stdout, words on stderr, and the right exit code."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from orchestra.cli.testing import ORCHESTRA, Running, make_repository
from orchestra.shared.settings import child_environment

pytestmark = pytest.mark.requirement("repo.any-repo")


def alone(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """A command with nothing running."""
    return subprocess.run(
        [ORCHESTRA, *arguments],
        capture_output=True,
        text=True,
        env=child_environment({"ORCHESTRA_STATE_DIR": "/tmp/orchestra-nowhere"}),
        timeout=60,
        check=False,
    )


def test_status_names_every_source(system: Running) -> None:
    system.run("context", "show", "--consistent")
    status = system.json("status")

    assert {source["topic"]: source["status"] for source in status["sources"]} == {
        "codebase_state": "ok",
        "lambda_utilization": "unconfigured",
        "pending_migrations": "unconfigured",
        "vector_db_status": "ok",
        "deployment_status": "unconfigured",
        "ci_runs": "unconfigured",
        "database_status": "ok",
        "approvals": "ok",
        "claims": "ok",
        "handoffs": "ok",
    }
    assert status["database"] == {"reachable": True, "embedded": True, "pending_migrations": []}
    assert "codebase_state" in system.run("status").stdout


def test_doctor_finds_everything_well(system: Running) -> None:
    report = system.json("doctor")

    assert report["ok"], report
    assert {check["name"] for check in report["checks"]} >= {"git", "database", "API", "admin key"}


def test_doctor_looks_at_the_repository_that_is_served(system: Running, tmp_path: Path) -> None:
    done = subprocess.run(
        [ORCHESTRA, "doctor", "--json", "--state-dir", system.state],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=child_environment(),
        timeout=60,
        check=False,
    )

    found = {check["name"]: check["found"] for check in json.loads(done.stdout)["checks"]}
    assert (done.returncode, found["repository"]) == (0, str(system.repository))


def test_context_show_prints_what_is_there(system: Running) -> None:
    (system.repository / "shown.txt").write_text("x")

    shown = system.json("context", "show", "--consistent", "--topic", "codebase_state")

    assert list(shown["topics"]) == ["codebase_state"]
    assert "shown.txt" in shown["topics"]["codebase_state"]["value"]["changes"]
    assert "shown.txt" in system.run("context", "show").stdout


@pytest.mark.requirement("ctx.push")
def test_context_watch_prints_what_happens(system: Running) -> None:
    watching = subprocess.Popen(
        [ORCHESTRA, "context", "watch", "--topic", "codebase_state", "--json"],
        stdout=subprocess.PIPE,
        text=True,
        env=system.environment,
    )
    assert watching.stdout is not None
    events = (json.loads(line) for line in watching.stdout)
    assert next(events)["event"] == "snapshot"
    assert next(events)["event"] == "up-to-date"

    (system.repository / "watched.txt").write_text("x")
    delta = next(
        e for e in events if e["event"] == "delta" and "watched.txt" in json.dumps(e["ops"])
    )
    watching.kill()
    watching.communicate()

    assert delta["topic"] == "codebase_state"


@pytest.mark.requirement("trust.identity")
def test_a_key_is_made_used_listed_and_revoked(system: Running) -> None:
    made = system.json("keys", "create", "claude", "--scope", "context:read", "--days", "3")
    assert re.fullmatch(r"orc_\w{12}_\w{49}", made["key"])
    environment = {**system.environment, "ORCHESTRA_KEY": made["key"]}

    def call(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [ORCHESTRA, *arguments], capture_output=True, text=True, env=environment, check=False
        )

    assert call("context", "show").returncode == 0
    refused = call("keys", "list")
    assert (refused.returncode, "keys:manage" in refused.stderr) == (1, True)

    listed = {key["id"]: key for key in system.json("keys", "list")["keys"]}
    assert listed[made["id"]]["name"] == "claude"
    assert made["key"] not in json.dumps(listed)

    assert system.json("keys", "revoke", made["id"]) == {"revoked": made["id"]}
    assert call("context", "show").returncode == 1
    assert system.run("keys", "revoke", made["id"]).returncode == 1


def test_login_prints_a_link(system: Running) -> None:
    link = system.json("login")["url"]

    assert link.startswith(f"{system.announced['url']}/#login=")


def test_the_database_is_backed_up_and_described(system: Running) -> None:
    target = system.state.parent / "backup.dump"

    assert system.json("db", "status")["running"] is True
    assert system.json("db", "backup", str(target)) == {"backup": str(target)}
    assert target.stat().st_size > 0


@pytest.mark.requirement("trust.inputs")
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["bogus"], 2, "bogus"),
        (["status", "--bogus"], 2, "bogus"),
        (["keys", "create"], 2, "Missing argument"),
        (["status"], 1, "does not run"),
        (["context", "show"], 1, "does not run"),
        (["context", "watch"], 1, "does not run"),
        (["keys", "list"], 1, "does not run"),
        (["login"], 1, "does not run"),
    ],
)
def test_misuse_and_absence_are_told_apart(arguments: list[str], code: int, said: str) -> None:
    done = alone(*arguments)

    assert done.returncode == code
    assert said in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "command",
    [[], ["up"], ["context", "watch"], ["keys", "create"], ["mcp"], ["bench", "stream"], ["db"]],
)
def test_every_command_explains_itself(command: list[str]) -> None:
    done = alone(*command, "--help")

    assert done.returncode == 0
    assert "Usage" in done.stdout


@pytest.mark.requirement("trust.inputs")
@pytest.mark.parametrize("inside", [True, False])
def test_the_hint_how_to_start_keeps_the_options_that_were_given(
    inside: bool, tmp_path: Path
) -> None:
    repository = make_repository(tmp_path / "r")
    place = repository if inside else tmp_path
    done = subprocess.run(
        [ORCHESTRA, "context", "watch", "--state-dir", "its state"],
        cwd=place,
        capture_output=True,
        text=True,
        env=child_environment({"PATH": "/usr/bin:/bin"}),  # where the command is not found by name
        timeout=60,
        check=False,
    )

    served = repository if inside else "REPOSITORY"
    assert f"does not run in `{place}/its state`" in done.stderr
    assert f"{ORCHESTRA} up --state-dir '{place}/its state' --repo {served}" in done.stderr


@pytest.mark.requirement("trust.inputs")
def test_down_refuses_a_folder_that_does_not_exist() -> None:
    done = alone("down", "--repo", "/nowhere/at/all")

    assert done.returncode == 1
    assert "is not a folder" in done.stderr


def test_down_with_nothing_to_stop_is_fine() -> None:
    assert alone("down").returncode == 0
