"""The entry that agents call: what it prints, and what it does without an answer."""

import asyncio
import json
import socket
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest
from orchestra.api.testing_hooks import HookedApi
from orchestra.shared.settings import child_environment

pytestmark = [
    pytest.mark.requirement("agent.enforce"),
    pytest.mark.asyncio(loop_scope="session"),
]

ENTRY = files("orchestra.coordination").joinpath("hooks", "orchestra-hook.sh")
LS = {"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": {"command": "ls"}}


async def run(
    *words: str, event: object, variables: dict[str, str]
) -> "subprocess.CompletedProcess[str]":
    def work() -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["sh", str(ENTRY), *words],
            input=json.dumps(event),
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
            env=child_environment(variables),
        )

    return await asyncio.to_thread(work)


def nowhere() -> str:
    """An address at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


async def test_it_prints_the_answer_of_the_server(hooked: HookedApi) -> None:
    agent = await hooked.agent("entry")
    key = agent.headers["Authorization"].removeprefix("Bearer ")
    variables = {"ORCHESTRA_URL": hooked.api.url, "ORCHESTRA_CLAUDE_KEY": key}

    plain = await run("claude", event=agent.before("claude", "ls"), variables=variables)
    denied = await run(
        "claude", "closed", event=agent.before("claude", "pulumi up"), variables=variables
    )

    assert (plain.returncode, plain.stdout, plain.stderr) == (0, "{}\n", "")
    assert json.loads(denied.stdout)["hookSpecificOutput"]["permissionDecision"] == "deny"
    assert denied.returncode == 0


async def test_it_takes_the_key_from_the_state_folder(hooked: HookedApi, tmp_path: Path) -> None:
    agent = await hooked.agent("entry-file")
    (tmp_path / "keys").mkdir()
    key = agent.headers["Authorization"].removeprefix("Bearer ")
    (tmp_path / "keys/codex.key").write_text(f"{key}\n")
    variables = {"ORCHESTRA_URL": hooked.api.url, "ORCHESTRA_STATE_DIR": str(tmp_path)}

    said = await run("codex", "closed", event=agent.before("codex", "ls"), variables=variables)

    assert (said.returncode, said.stdout) == (0, "{}\n")


@pytest.mark.parametrize("brand", ["claude", "codex", "factory", "cursor"])
async def test_without_an_answer_it_is_open_or_closed_as_it_was_told(brand: str) -> None:
    variables = {"ORCHESTRA_URL": nowhere(), f"ORCHESTRA_{brand.upper()}_KEY": "orc_abc"}

    opened = await run(brand, "open", event=LS, variables=variables)
    closed = await run(brand, "closed", event=LS, variables=variables)
    keyless = await run(brand, "closed", event=LS, variables={})

    assert (opened.returncode, opened.stdout) == (0, "{}\n")
    assert "does not answer" in opened.stderr
    assert (closed.returncode, keyless.returncode) == (2, 2)
    assert "there is no key" in keyless.stderr
    if brand == "cursor":
        assert json.loads(closed.stdout)["permission"] == "deny"


async def test_a_refusal_of_the_server_is_no_answer(hooked: HookedApi) -> None:
    variables = {"ORCHESTRA_URL": hooked.api.url, "ORCHESTRA_CLAUDE_KEY": "orc_unknown"}

    opened = await run("claude", "open", event=LS, variables=variables)
    closed = await run("claude", "closed", event=LS, variables=variables)

    assert (opened.returncode, opened.stdout, closed.returncode) == (0, "{}\n", 2)
    assert "Orchestra answered 401" in closed.stderr


@pytest.mark.parametrize("key", ['a"b', "a b", "a\nX-Evil: 1", "$(id)", "a;b"])
async def test_a_key_of_strange_letters_is_sent_nowhere(hooked: HookedApi, key: str) -> None:
    variables = {"ORCHESTRA_URL": hooked.api.url, "ORCHESTRA_CLAUDE_KEY": key}

    said = await run("claude", "closed", event=LS, variables=variables)

    assert said.returncode == 2
    assert "the key is not one of Orchestra" in said.stderr


@pytest.mark.parametrize("words", [(), ("manus",), ("claude", "ajar")])
async def test_wrong_words_are_named(words: tuple[str, ...]) -> None:
    said = await run(*words, event=LS, variables={"ORCHESTRA_CLAUDE_KEY": "orc_a"})

    assert "word is" in said.stderr


async def test_the_key_is_in_no_argument_of_any_process(hooked: HookedApi, tmp_path: Path) -> None:
    """A `curl` that writes down how it was called stands in the way."""
    curl = tmp_path / "curl"
    curl.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/called\ncat <&3 > {tmp_path}/header\nprintf "{{}}\\n200"\n'
    )
    curl.chmod(0o755)
    variables = {"ORCHESTRA_CLAUDE_KEY": "orc_topsecret", "PATH": f"{tmp_path}:/usr/bin:/bin"}

    said = await run("claude", event=LS, variables=variables)

    assert said.stdout == "{}\n"
    assert "orc_topsecret" not in (tmp_path / "called").read_text()
    assert (tmp_path / "header").read_text() == "Authorization: Bearer orc_topsecret\n"
