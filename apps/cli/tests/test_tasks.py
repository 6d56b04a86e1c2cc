"""Tasks and hand-offs at a terminal: the whole way, and one document with `--json`."""

import json
import subprocess
from typing import Any

import pytest
from orchestra.cli.testing import ORCHESTRA, Running

pytestmark = pytest.mark.requirement("agent.handoff")


def key_of(system: Running, name: str) -> str:
    scopes = ("--scope", "tasks:read", "--scope", "tasks:write")
    return str(system.json("keys", "create", name, *scopes)["key"])


def call(system: Running, key: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ORCHESTRA, *arguments],
        capture_output=True,
        text=True,
        env=system.environment | {"ORCHESTRA_KEY": key},
        timeout=60,
        check=False,
    )


def test_a_task_goes_from_one_agent_to_the_next(system: Running) -> None:
    claude, codex = key_of(system, "claude"), key_of(system, "codex")

    def done(key: str, *arguments: str) -> Any:  # noqa: ANN401 - a document of the API
        finished = call(system, key, *arguments, "--json")
        assert (finished.returncode, finished.stderr) == (0, "")
        return json.loads(finished.stdout)

    task = done(claude, "tasks", "add", "Mend \x1b[31mit", "--goal", "it works")
    assert task["title"] == "Mend [31mit"
    token = done(claude, "tasks", "claim", task["id"])["claim"]["token"]
    refused = call(system, codex, "tasks", "claim", task["id"])
    assert refused.returncode == 1
    assert "is held by claude until" in refused.stderr
    held = ("--token", str(token))
    done(claude, "tasks", "renew", task["id"], *held, "--lease", "60")

    packet = '{"decisions": [{"what": "gold", "why": "fast"}]}'
    said = ("--next-step", "link it", "--done", "the parser", "--progress", packet)
    handoff = done(claude, "handoff", "create", task["id"], *held, "--to", "codex", *said)
    listed = done(codex, "handoff", "list")["handoffs"]
    assert [one["id"] for one in listed] == [handoff["id"]]
    page = call(system, codex, "handoff", "show", handoff["id"]).stdout
    assert "next_step: link it" in page
    assert '"gold"' in page

    accepted = done(codex, "handoff", "claim", handoff["id"])
    newer = ("--token", str(accepted["task"]["claim"]["token"]))
    stale = call(system, claude, "tasks", "complete", task["id"], *held)
    assert (stale.returncode, "held by codex" in stale.stderr) == (1, True)
    closed = done(codex, "handoff", "complete", handoff["id"], *newer, "--result", "it links")
    assert (closed["state"], closed["result"]) == ("done", "it links")
    assert task["id"] in call(system, codex, "tasks", "list", "--state", "done").stdout


def test_an_offer_is_taken_back_and_a_task_is_released_and_cancelled(system: Running) -> None:
    claude = key_of(system, "claude")
    handoff = json.loads(call(system, claude, "handoff", "create", "New", "--json").stdout)
    assert call(system, claude, "handoff", "withdraw", handoff["id"]).returncode == 0
    task = handoff["task_id"]
    claimed = call(system, claude, "tasks", "claim", task)
    assert "token 1" in claimed.stdout
    assert call(system, claude, "tasks", "release", task, "--token", "1").returncode == 0
    assert "left by claude" in call(system, claude, "tasks", "show", task).stdout
    assert call(system, claude, "tasks", "cancel", task, "--reason", "no").returncode == 0
    assert call(system, claude, "handoff", "create", "x", "--progress", "[").returncode == 1
