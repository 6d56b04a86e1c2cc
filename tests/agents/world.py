"""A repository that is connected and served, with programs in it that leave a mark when they run."""

import asyncio
import re
import shlex
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
from orchestra.agents.testing import Asked, ScriptedModel, Turn
from orchestra.agents.testing.headless import Agent, Place, Ran, run
from orchestra.agents.testing.moves import Move
from orchestra.cli.testing import Running, make_repository
from orchestra.shared.settings import child_environment

SPECS = {
    # the agent itself; nothing of it allows `pulumi:write`
    "self.yaml": "name: {name}\npermissions: [vercel:deploy]\nauto_approve_patterns: ['*.md']\n",
    # another one that may: so no list of refused commands names pulumi, and only the hook can tell
    "infra.yaml": "name: Infra\npermissions: [pulumi:write]\n",
}
GIT = ("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org")


@dataclass
class World:
    """All of it, for one agent."""

    agent: Agent
    programs: Path
    folder: Path
    system: Running
    keys: dict[str, str]
    runs: int = 0
    marks: Path = field(init=False)

    def __post_init__(self) -> None:
        self.marks = self.folder / "marks"

    @property
    def repository(self) -> Path:
        return self.system.repository

    async def play(self, *moves: Move | Turn, below: str = "", trusted: bool = True) -> "Played":
        """Run the agent once, with a fresh home, against a model that makes these moves."""
        self.runs += 1
        home = self.folder / f"home-{self.runs}"
        home.mkdir()
        tools = self.folder / "tools"
        profile = f"export PATH={shlex.quote(str(tools))}:$PATH\n"
        (home / ".bash_profile").write_text(profile)  # a login shell forgets the PATH it was given
        async with ScriptedModel(*moves) as model:
            place = Place(self.repository, home, model.url, below, trusted)
            environment = {**self.keys, "PATH": str(tools)}
            ran = await run(self.agent, self.programs, place, "Do what you can.", environment)
            return Played(list(model.asked), list(model.unmet), model.left, ran)

    def marked(self) -> list[str]:
        """The calls of `pulumi` and `terraform` that ran; they are forgotten by that."""
        text = self.marks.read_text() if self.marks.exists() else ""
        self.marks.unlink(missing_ok=True)
        return text.splitlines()

    def git(self, *words: str) -> None:
        """Change the repository."""
        subprocess.run([*GIT, *words], cwd=self.repository, check=True, env=child_environment())

    async def settled(self) -> None:
        """Return when Orchestra knows all that was done before."""
        await asyncio.to_thread(self.system.json, "context", "show", "--consistent")

    async def counted(self, metric: str) -> list[dict[str, str]]:
        """The labels under which something was counted."""
        key = (self.system.state / "admin.key").read_text().strip()
        async with httpx2.AsyncClient(trust_env=False) as client:
            url = f"{self.system.announced['url']}/metrics"
            answer = await client.get(url, headers={"Authorization": f"Bearer {key}"})
        rows = re.findall(rf"^{metric}\{{(.*)\}} ", answer.text, re.MULTILINE)
        return [dict(re.findall(r'(\w+)="([^"]*)"', labels)) for labels in rows]


@dataclass(frozen=True)
class Played:
    """What the model was asked, and how the agent ended."""

    asked: list[Asked]
    unmet: list[str]
    left: int
    ran: Ran

    def __str__(self) -> str:
        ends = (f"code {self.ran.code}", self.ran.output[-2000:], self.ran.errors[-2000:])
        results = self.asked[-1].results if self.asked else ()
        return "\n".join([*ends, *self.unmet, *results])


def make_world(agent: Agent, programs: Path, folder: Path) -> World:
    """Everything up and running, as a person would have done it."""
    repository = make_repository(folder / "shop")
    specs = repository / ".cursor" / "agents"
    specs.mkdir(parents=True)
    for name, text in SPECS.items():
        (specs / name).write_text(text.format(name=agent.brand.title()))
    _make_tools(folder)
    commit = [[*GIT, "add", "-A"], [*GIT, "commit", "-qm", "Agents and what they may"]]
    for words in commit:
        subprocess.run(words, cwd=repository, check=True, env=child_environment())
    system = Running(repository, folder / "state")
    connect(system, agent, "--keys")
    for words in commit:
        subprocess.run(words, cwd=repository, check=True, env=child_environment())
    return World(agent, programs, folder, system, _exported(system))


def connect(system: Running, agent: Agent, *options: str) -> None:
    """`orchestra connect`, for this agent and the address of this system."""
    system.json("connect", agent.brand, "--url", system.announced["url"], *options)


def _exported(system: Running) -> dict[str, str]:
    """What `eval "$(orchestra keys env)"` puts into the shell that agents are started from."""
    lines = system.run("keys", "env").stdout.splitlines()
    words = [shlex.split(line)[1].partition("=") for line in lines]
    return {name: value for name, _, value in words}


def _make_tools(folder: Path) -> None:
    tools = folder / "tools"
    tools.mkdir()
    for name in ("pulumi", "terraform"):
        mark = f'echo "{name} $*" >>{shlex.quote(str(folder / "marks"))}'
        (tools / name).write_text(f"#!/bin/sh\n{mark}\necho ran\n")
        (tools / name).chmod(0o755)
