"""`orchestra mcp` at the terminal: which servers there are, and whose key an agent uses."""

import json
import subprocess
from typing import Any

import pytest
from orchestra.cli.testing import ORCHESTRA, Running
from orchestra.shared.settings import child_environment

pytestmark = pytest.mark.requirement("mcp.servers")

LIST: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/list",
    "params": {
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        }
    },
}


def stdio(
    system: Running, *arguments: str, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """One question to `orchestra mcp`, as an agent asks it."""
    return subprocess.run(
        [ORCHESTRA, "mcp", "--state-dir", str(system.state), *arguments],
        input=json.dumps(LIST) + "\n",
        capture_output=True,
        text=True,
        env=child_environment(environment),
        timeout=60,
        check=False,
    )


def test_the_list_says_what_is_served_and_what_the_others_lack(system: Running) -> None:
    listed = {server["name"]: server for server in system.json("mcp", "--list")["servers"]}

    assert listed["context"]["served"]
    assert "context_get" in listed["context"]["tools"]
    assert listed["pulumi"] == {
        "name": "pulumi",
        "served": False,
        "tools": [],
        "lacks": "needs an infrastructure backend",
    }
    said = system.run("mcp", "--list").stdout
    assert "memory_search, memory_save" in said
    assert "needs VECTOR_STORE=weaviate" in said


@pytest.mark.requirement("mcp.auth")
def test_an_agent_uses_its_own_key_and_never_falls_back_to_another(system: Running) -> None:
    key = system.json("keys", "create", "codex", "--scope", "memory:read")["key"]

    mine = stdio(system, "--agent", "codex", ORCHESTRA_CODEX_KEY=key)
    without = stdio(system, "--agent", "codex", ORCHESTRA_KEY=key, ORCHESTRA_CLAUDE_KEY=key)

    (tool,) = json.loads(mine.stdout)["result"]["tools"]
    assert tool["name"] == "memory_search"
    assert (without.returncode, without.stdout) == (1, "")
    assert "`ORCHESTRA_CODEX_KEY` is not set" in without.stderr
    assert "orchestra keys create codex" in without.stderr


def test_the_hint_how_to_start_keeps_the_options_that_were_given(system: Running) -> None:
    away = stdio(system, ORCHESTRA_URL="http://127.0.0.1:1", ORCHESTRA_KEY="orc_none")

    error = json.loads(away.stdout)["error"]
    assert "does not answer at `http://127.0.0.1:1/mcp`" in error["message"]
    assert f"up --state-dir {system.state}" in error["message"]
