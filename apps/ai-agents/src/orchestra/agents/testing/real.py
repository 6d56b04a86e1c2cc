"""Real agents, installed in a folder of their own: how each is set up and run without a person."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

PACKAGES = {
    "claude": "@anthropic-ai/claude-code",
    "codex": "@openai/codex",
    "factory": "droid",
}
"""What npm calls each."""

_PROMPT = "Follow your script."


@dataclass(frozen=True, slots=True)
class Place:
    """Where an agent runs: the repository, a home of its own, and the model's address."""

    repository: Path
    home: Path
    model: str


@dataclass(frozen=True, slots=True)
class RealAgent:
    """One agent as it is installed."""

    brand: str
    program: Path
    node: Path

    def version(self, tools: Path) -> str:
        """What its package says."""
        package = tools / "node_modules" / PACKAGES[self.brand] / "package.json"
        return str(json.loads(package.read_text())["version"])

    def prepare(self, place: Place) -> dict[str, str]:
        """Write what a person would set up once; returns variables of the environment."""
        return _PREPARE[self.brand](place)

    def command(self, place: Place) -> list[str]:
        """The command line of a run without a person."""
        program = str(self.program)
        if self.brand == "claude":
            allowed = "Bash,mcp__orchestra"
            return [program, "-p", _PROMPT, "--model", "scripted-1", "--allowedTools", allowed]
        if self.brand == "codex":
            trusted = "--dangerously-bypass-hook-trust"  # what `/hooks` does for a person
            sandbox = ["--sandbox", "danger-full-access"]
            return [program, "exec", trusted, *sandbox, "-C", str(place.repository), _PROMPT]
        return [program, "exec", "--auto", "high", "-m", "custom:scripted-0", _PROMPT]


def find_agents(tools: Path) -> tuple[list[RealAgent], list[str]]:
    """The agents that are installed in a folder, and what is missing."""
    modules = tools / "node_modules"
    node = modules / "node" / "bin" / "node"
    agents, missing = [], []
    if not node.exists():
        missing.append("node@24")
    for brand, package in PACKAGES.items():
        program = modules / ".bin" / ("droid" if brand == "factory" else brand)
        if program.exists() and (modules / package / "package.json").exists():
            agents.append(RealAgent(brand, program, node))
        else:
            missing.append(package)
    return agents, missing


def _claude(place: Place) -> dict[str, str]:
    trusted = {"projects": {str(place.repository): {"hasTrustDialogAccepted": True}}}
    (place.home / ".claude.json").write_text(
        json.dumps({"hasCompletedOnboarding": True, **trusted})
    )
    return {
        "ANTHROPIC_BASE_URL": place.model,
        "ANTHROPIC_API_KEY": "scripted",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
    }


def _codex(place: Place) -> dict[str, str]:
    folder = place.home / ".codex"
    folder.mkdir()
    (folder / "config.toml").write_text(
        'model = "scripted-1"\n'
        'model_provider = "scripted"\n'
        'approval_policy = "never"\n'
        "[model_providers.scripted]\n"
        'name = "scripted"\n'
        f'base_url = "{place.model}/v1"\n'
        'env_key = "SCRIPTED_KEY"\n'
        'wire_api = "responses"\n'
        f'[projects."{place.repository}"]\n'
        'trust_level = "trusted"\n'
    )
    return {"CODEX_HOME": str(folder), "SCRIPTED_KEY": "scripted"}


def _factory(place: Place) -> dict[str, str]:
    folder = place.home / ".factory"
    folder.mkdir()
    model = {
        "model": "scripted-1",
        "id": "custom:scripted-0",
        "index": 0,
        "displayName": "scripted",
        "baseUrl": f"{place.model}/v1",
        "apiKey": "scripted",
        "provider": "generic-chat-completion-api",
        "maxOutputTokens": 4000,
    }
    (folder / "settings.json").write_text(json.dumps({"customModels": [model]}))
    return {"FACTORY_API_KEY": "fk-scripted", "FACTORY_DROID_AUTO_UPDATE_ENABLED": "false"}


_PREPARE: Mapping[str, Callable[[Place], dict[str, str]]] = {
    "claude": _claude,
    "codex": _codex,
    "factory": _factory,
}
