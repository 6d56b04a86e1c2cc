"""Approvals, agents and the audit at a terminal, beside a real system."""

import asyncio
import json
import subprocess
from pathlib import Path

import pytest
from orchestra.cli.testing import ORCHESTRA, Running
from orchestra.coordination.governance import Act, Approvals, Audit, Governor, Taint
from orchestra.coordination.testing.governed import GivenSpecs
from orchestra.shared.db import Database
from orchestra.shared.events import EventLog, PostgresBus
from orchestra.shared.identity import Identity
from orchestra.shared.metrics import Metrics
from orchestra.shared.postgres import EmbeddedPostgres
from orchestra.shared.redaction import Redactor
from orchestra.shared.settings import Settings

pytestmark = pytest.mark.requirement("agent.enforce")

Done = subprocess.CompletedProcess[str]
GOOD = "name: Deployer\npermissions:\n  - vercel:deploy\n"


def call(system: Running, *arguments: str, key: str | None = None) -> Done:
    environment = system.environment | ({"ORCHESTRA_KEY": key} if key else {})
    return subprocess.run(
        [ORCHESTRA, *arguments],
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
        check=False,
    )


def agent_key(system: Running, name: str) -> str:
    return str(system.json("keys", "create", name, "--preset", "agent")["key"])


def ask(system: Running, key: str, act: Act) -> str:
    """Let the act be judged by a second process of the system; it must need approval."""

    async def judge() -> str:
        database = Database(await asyncio.to_thread(EmbeddedPostgres(system.state).ensure))
        events = EventLog(database, PostgresBus(database), redactor=Redactor(), metrics=Metrics())
        await events.start()
        workspace = Settings(repo=system.repository).workspace
        audit = Audit(database, events, workspace=workspace)
        approvals = Approvals(database, events, audit, workspace=workspace, redactor=Redactor())
        governor = Governor(GivenSpecs([]), approvals, Taint(database), audit, url="")
        caller = await Identity(database, events).check_key(key)
        verdict = await governor.judge(act, caller)
        await events.close()
        await database.close()
        return verdict.approval_id or ""

    id = asyncio.run(judge())
    assert id.startswith("apr_")
    return id


def drop(table: str) -> Act:
    return Act(None, f"drop {table}\x1b[2J", {"sql": f"drop table {table}"}, destructive=True)


def test_a_person_sees_and_decides_and_the_agent_waits(system: Running) -> None:
    claude = agent_key(system, "claude-asks")
    id = ask(system, claude, drop("users"))
    waiting = subprocess.Popen(
        [ORCHESTRA, "approvals", "wait", id],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=system.environment | {"ORCHESTRA_KEY": claude},
    )

    listed = system.run("approvals", "list")
    shown = system.run("approvals", "show", id)
    refused = call(system, "approvals", "approve", id, key=claude)
    approved = system.run("approvals", "approve", id, "-m", "backup is good")
    out, _ = waiting.communicate(timeout=60)

    assert f"{id}  pending  claude-asks" in listed.stdout
    assert "destructive" in listed.stdout
    assert "  | drop users[2J" in listed.stdout
    assert '"sql": "drop table users"' in shown.stdout
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "approvals:decide" in refused.stderr
    assert approved.returncode == 0
    assert waiting.returncode == 0
    assert f"`{id}` is approved by admin: backup is good" in out
    assert call(system, "approvals", "wait", id, key=claude).returncode == 0
    assert system.json("approvals", "list") == {"approvals": [], "next_before": None}
    assert system.json("approvals", "show", id)["state"] == "approved"
    assert id in [a["id"] for a in system.json("approvals", "list", "--state", "any")["approvals"]]


def test_a_denial_ends_the_wait_with_the_reason(system: Running) -> None:
    claude = agent_key(system, "claude-denied")
    id = ask(system, claude, drop("orders"))

    denied = system.run("approvals", "deny", id, "--comment", "never")
    waited = call(system, "approvals", "wait", id, key=claude)
    again = system.run("approvals", "deny", id)
    rows = system.json("audit", "list", "--act", "approval.denied")["rows"]

    assert denied.returncode == 0
    assert waited.returncode == 1
    assert "never" in waited.stderr
    assert again.returncode == 1
    assert "denied" in again.stderr
    assert rows[0]["data"]["approval"] == id


@pytest.mark.requirement("trust.audit")
def test_the_audit_is_listed_and_verified(system: Running) -> None:
    ask(system, agent_key(system, "claude-audit"), drop("carts"))

    listed = system.run("audit", "list", "--actor", "claude-audit")
    verified = system.run("audit", "verify")

    assert "claude-audit  act.asked  ask  | drop carts[2J" in listed.stdout
    assert verified.returncode == 0
    assert verified.stdout.startswith("intact: ")
    assert system.json("audit", "verify")["intact"] is True
    assert system.run("audit", "list", "--actor", "nobody").stderr == "there are no such rows\n"


@pytest.mark.requirement("agent.spec")
def test_specs_are_checked_without_a_system(tmp_path: Path, system: Running) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "bad.yaml").write_text("name: B\npermissions:\n  - nonsense\n")

    good = system.run("agents", "check", str(tmp_path / "good.yaml"))
    bad = system.run("agents", "check", str(tmp_path))
    document = system.run("agents", "check", str(tmp_path), "--json")

    assert good.returncode == 0
    assert "all good: deployer" in good.stderr
    assert bad.returncode == 1
    assert f"{tmp_path}/bad.yaml:3: " in bad.stderr
    assert "hint" in bad.stderr
    assert json.loads(document.stdout)["problems"][0]["line"] == 3


@pytest.mark.requirement("agent.spec")
def test_a_changed_spec_is_listed_and_put_in_force_by_a_person(system: Running) -> None:
    folder = system.repository / ".cursor" / "agents"
    folder.mkdir(parents=True)
    (folder / "deployer.yaml").write_text(GOOD)
    claude = agent_key(system, "claude-specs")

    before = system.run("agents", "list")
    digest = system.json("agents", "list")["proposals"][0]["digest"]
    refused = call(system, "agents", "approve", digest, key=claude)
    approved = system.run("agents", "approve", digest)
    after = system.run("agents", "list")

    assert "in force from refs/heads/main" in before.stdout
    assert "changed, not in force: .cursor/agents/deployer.yaml" in before.stdout
    assert "adds: vercel:deploy" in before.stdout
    assert f"orchestra agents approve {digest}" in before.stdout
    assert refused.returncode == 1
    assert approved.returncode == 0
    assert "deployer  (.cursor/agents/deployer.yaml)  approved by admin" in after.stdout
    assert "may: vercel:deploy" in after.stdout


def test_the_preset_gives_an_agent_what_it_needs(system: Running) -> None:
    made = system.json("keys", "create", "codex-preset", "--preset", "agent")

    assert made["scopes"] == [
        "approvals:read",
        "context:read",
        "hooks:write",
        "memory:read",
        "memory:write",
        "tasks:read",
        "tasks:write",
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["approvals", "show", "nothing"], 1, "approval_id"),
        (["approvals", "approve", "apr_0000000000000000"], 1, "there is no request"),
        (["approvals", "wait", "apr_0000000000000000"], 1, "there is no request"),
        (["approvals", "list", "--state", "odd"], 2, "odd"),
        (["agents", "approve", "x"], 1, "digest"),
        (["agents", "check", "/nowhere.yaml"], 1, "No such file"),
        (["audit", "list", "--limit", "0"], 2, "limit"),
        (["keys", "create", "x", "--preset", "boss"], 2, "boss"),
    ],
)
def test_what_is_wrong_is_said_on_stderr(
    system: Running, arguments: list[str], code: int, said: str
) -> None:
    done = system.run(*arguments)

    assert done.returncode == code
    assert said in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    "command",
    [
        *("approvals list", "approvals show", "approvals approve", "approvals deny"),
        *("approvals wait", "agents list", "agents check", "agents approve"),
        *("audit list", "audit verify"),
    ],
)
def test_every_command_shows_how_it_is_used(system: Running, command: str) -> None:
    done = system.run(*command.split(), "--help")

    assert done.returncode == 0
    assert "Example" in done.stdout
    assert f"orchestra {command}" in done.stdout
