"""Real coding agents, run once without a person, away from the user's own home."""

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestra.shared.json import JsonObject
from orchestra.shared.settings import child_environment

_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Place:
    """Where an agent runs: a repository, a home of its own, a model's address."""

    repository: Path
    home: Path
    model: str
    below: str = ""
    """The folder in the repository in which it is started; by default, its root."""
    trusted: bool = True
    """Whether its user has said that the repository, and the hooks in it, are to be trusted."""
    key: str = "scripted"
    """What it sends to the model; a scripted one wants none."""
    name: str | None = None
    """The model that it asks for; by default, one that its maker has."""


@dataclass(frozen=True, slots=True)
class Start:
    """How it is started there: its arguments before the prompt, and its environment."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Agent:
    """A coding agent by its brand, and how it runs headless. `prepare` writes into the home."""

    brand: str
    name: str
    program: str
    package: str
    """At npm."""
    prepare: Callable[[Place], Start]


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of it."""

    code: int
    output: str
    errors: str


_CLAUDES = ("ANTHROPIC_MODEL", "ANTHROPIC_DEFAULT_HAIKU_MODEL")


def _claude(place: Place) -> Start:
    trusted: JsonObject = {str(place.repository): {"hasTrustDialogAccepted": place.trusted}}
    _write(place.home / ".claude.json", {"hasCompletedOnboarding": True, "projects": trusted})
    named = {} if place.name is None else dict.fromkeys(_CLAUDES, place.name)
    return Start(
        ("-p", "--output-format", "json", "--allowedTools", "Bash,Edit,Write", "--"),
        {
            **named,
            "ANTHROPIC_BASE_URL": place.model,
            "ANTHROPIC_API_KEY": place.key,
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            "DISABLE_TELEMETRY": "1",
        },
    )


def _codex(place: Place) -> Start:
    home = place.home / ".codex"
    home.mkdir(exist_ok=True)
    lines = [
        f"model = {json.dumps(place.name or 'gpt-5.5')}",
        'model_provider = "scripted"',
        "[analytics]",
        "enabled = false",
        "[model_providers.scripted]",
        'name = "scripted"',
        f"base_url = {json.dumps(place.model + '/v1')}",
        'wire_api = "responses"',
        'env_key = "SCRIPTED_KEY"',
    ]
    if place.trusted:
        lines += [f"[projects.{json.dumps(str(place.repository))}]", 'trust_level = "trusted"']
    (home / "config.toml").write_text("\n".join([*lines, ""]))
    trusting = ("--dangerously-bypass-hook-trust",) if place.trusted else ()
    return Start(
        ("exec", "--json", *trusting, "--dangerously-bypass-approvals-and-sandbox", "--"),
        {"CODEX_HOME": str(home), "SCRIPTED_KEY": place.key},
    )


def _droid(place: Place) -> Start:
    model: JsonObject = {
        "model": place.name or "scripted",
        "displayName": "scripted",
        "baseUrl": f"{place.model}/v1",
        "apiKey": place.key,
        "provider": "generic-chat-completion-api",
        "maxOutputTokens": 4096,
    }
    _write(place.home / ".factory" / "settings.json", {"customModels": [model]})
    return Start(
        ("exec", "--auto", "high", "-m", "custom:scripted-0", "--output-format", "stream-json"),
        {"FACTORY_API_KEY": place.key, "FACTORY_DROID_AUTO_UPDATE_ENABLED": "false"},
    )


CLAUDE = Agent("claude", "Claude Code", "claude", "@anthropic-ai/claude-code", _claude)
CODEX = Agent("codex", "Codex", "codex", "@openai/codex", _codex)
FACTORY = Agent("factory", "droid", "droid", "@factory/cli", _droid)
AGENTS = (CLAUDE, CODEX, FACTORY)


def version(agent: Agent, programs: Path) -> str | None:
    """What the installed program says its version is; None where it is not, or does not start.

    `programs` is the folder that it is in, with a Node beside it where it needs a newer one.
    """
    found = shutil.which(agent.program, path=str(programs))
    if found is None:
        return None
    try:
        with tempfile.TemporaryDirectory() as home:
            said = subprocess.run(
                [found, "--version"],
                capture_output=True,
                text=True,
                timeout=60,
                check=True,
                env=_environment(programs, {"HOME": home}),
            )
    except (OSError, subprocess.SubprocessError):
        return None
    number = re.search(r"\d+\.\d+\.\d+\S*", said.stdout)
    return number[0] if number else None


async def run(
    agent: Agent, programs: Path, place: Place, prompt: str, environment: Mapping[str, str]
) -> Ran:
    """Run it once, in its place; what it started ends with it.

    Raises:
        TimeoutError: it does not come to an end.
    """
    start = agent.prepare(place)
    process = await asyncio.create_subprocess_exec(
        programs / agent.program,
        *start.arguments,
        prompt,
        cwd=place.repository / place.below,
        env=_environment(programs, {"HOME": str(place.home), **environment, **start.environment}),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(_SECONDS):
            output, errors = await process.communicate()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    return Ran(process.returncode or 0, output.decode(), errors.decode())


def _environment(programs: Path, extra: Mapping[str, str]) -> dict[str, str]:
    """A `PATH` that is given comes before the programs."""
    environment = child_environment()
    path = (extra.get("PATH"), str(programs), environment["PATH"])
    return environment | dict(extra) | {"PATH": ":".join(filter(None, path))}


def _write(path: Path, document: JsonObject) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))
