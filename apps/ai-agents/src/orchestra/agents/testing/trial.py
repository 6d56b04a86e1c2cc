"""One agent run against a running Orchestra and a scripted model, and what was seen of it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestra.agents.testing.moves import Call, Turn, mcp, shell
from orchestra.agents.testing.real import Place, RealAgent
from orchestra.agents.testing.scripted_model import ScriptedModel
from orchestra.shared.settings import child_environment

_SECONDS = 180
_FRESH = "fresh.txt"
_NOTICED = 1.0  # seconds that a saved file may take to be seen, on a busy machine
_WRAPPED = "FOO=1 sh -c 'pulumi destroy --yes'"
_DENIED = "Orchestra denies this"


@dataclass(slots=True)
class Trial:
    """What one agent did: each thing that is promised, and whether it was seen."""

    brand: str
    version: str
    seen: dict[str, bool] = field(default_factory=dict)
    said: str = ""
    """The end of what it printed, for whoever looks for the reason of a failure."""


async def connected(
    agent: RealAgent, version: str, repository: Path, scratch: Path, variables: Mapping[str, str]
) -> Trial:
    """A run with Orchestra up."""

    async def somebody_saves() -> None:
        (repository / f"{agent.brand}-{_FRESH}").write_text("new\n")
        await asyncio.sleep(_NOTICED)

    script: tuple[Turn | Call, ...] = (
        mcp("orchestra", "context_get"),
        Turn(shell("echo one"), meanwhile=somebody_saves),
        shell("pulumi destroy --yes"),
        shell(_WRAPPED),
    )
    trial = Trial(agent.brand, version)
    async with ScriptedModel(*script) as model:
        ran, trial.said = await _run(agent, model.url, repository, scratch, variables)
        shown = [text for asked in model.asked for text in asked.shown]
        results = model.asked[-1].results if model.asked else ()
        trial.said += "\n".join(model.unmet)
    changes = [text for text in shown if "<orchestra-changes" in text]
    denied = [result for result in results if _DENIED in result]
    trial.seen = {
        "brief": any("<orchestra-context" in text for text in shown),
        "mcp": any("codebase_state" in result for result in results),
        "delta": any(f"{agent.brand}-{_FRESH}" in text for text in changes),
        "denied": len(denied) > 0 and not ran,
        "wrapped": len(denied) > 1 and not ran,
    }
    return trial


async def runs_it(
    agent: RealAgent, repository: Path, scratch: Path, variables: Mapping[str, str]
) -> tuple[bool, str]:
    """Whether a forbidden command runs, and what was said: with Orchestra down, or unconnected."""
    async with ScriptedModel(shell(_WRAPPED)) as model:
        ran, said = await _run(agent, model.url, repository, scratch, variables)
        results = model.asked[-1].results if model.asked else ()
    return ran or not results, f"{said}\n{results}"


async def _run(
    agent: RealAgent, model: str, repository: Path, scratch: Path, variables: Mapping[str, str]
) -> tuple[bool, str]:
    """Run it; whether the program that must not run did, and what was printed."""
    home, programs, marker = scratch / "home", scratch / "bin", scratch / "pulumi-ran"
    home.mkdir(parents=True)
    programs.mkdir()
    pulumi = programs / "pulumi"
    pulumi.write_text(f"#!/bin/sh\ntouch '{marker}'\necho destroyed\n")
    pulumi.chmod(0o755)
    (home / ".bash_profile").write_text(f"PATH='{programs}':$PATH\n")  # a login shell has its own
    place = Place(repository, home, model)
    path = f"{programs}:{agent.node.parent}:/usr/local/bin:/usr/bin:/bin"
    prepared = agent.prepare(place)
    process = await asyncio.create_subprocess_exec(
        *agent.command(place),
        cwd=repository,
        env=child_environment({"PATH": path, "HOME": str(home), **prepared, **variables}),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(_SECONDS):
            printed, _ = await process.communicate()
        said = printed[-3000:].decode(errors="replace")
    except TimeoutError:
        process.kill()
        await process.wait()
        said = f"it did not end within {_SECONDS} s"
    return marker.exists(), said
