"""Claude Code, Codex and droid, as their makers ship them, with our gateway for their model.

The provider behind it is a scripted model that speaks each dialect in turn: what an agent asks for
in its own, it is asked in another, and its answer goes back again.
"""

import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from orchestra.agents.testing import Say, ScriptedModel, edit, shell
from orchestra.agents.testing.headless import Agent, Place, run
from orchestra.api.testing_models import KEY, ServedModels, serving_models
from orchestra.cli.testing import make_repository
from orchestra.gateway.calls import Endpoint
from orchestra.gateway.config import GatewayConfig
from orchestra.gateway.wire import spoken

pytestmark = [pytest.mark.timeout(300), pytest.mark.requirement("gw.doors")]

DOORS: dict[str, Endpoint] = {"claude": "messages", "codex": "responses", "factory": "chat"}
PATHS = {"messages": "/v1/messages", "responses": "/v1/responses", "chat": "/v1/chat/completions"}
Fact = Callable[[str, object], None]


@dataclass
class Stage:
    """A gateway, and the model behind it."""

    models: ServedModels
    scripted: ScriptedModel
    folder: Path
    dialect: str


@pytest.fixture(params=["openai", "openai-chat", "anthropic"])
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    dialect = request.param
    with tempfile.TemporaryDirectory(prefix="orchestra-gateway-") as name:
        folder = Path(name)
        async with ScriptedModel() as scripted:
            provider = {"kind": dialect, "url": f"{scripted.url}/v1", "private": True}
            config = GatewayConfig.model_validate(
                {
                    "providers": {"scripted": provider},
                    "routes": {"r": {"targets": [{"provider": "scripted"}]}},
                    "models": {"*": "r"},
                }
            )
            async with serving_models(config, folder / "state") as models:
                yield Stage(models, scripted, folder, dialect)


async def test_works(agent: Agent, programs: Path, stage: Stage, record_property: Fact) -> None:
    """through the gateway: runs a command, writes a file and ends, over a provider of {stage}"""
    repository, home = make_repository(stage.folder / "shop"), stage.folder / "home"
    home.mkdir()
    stage.scripted.play(shell("echo from-the-shell"), edit("made.md", "One\n"), Say("All is done."))

    # Codex offers its whole set of tools only to models that it knows
    name = None if agent.brand == "codex" else "served"
    place = Place(repository, home, stage.models.url, key=KEY, name=name)
    ran = await run(agent, programs, place, "Do what you can.", {})

    told = (ran.code, ran.output[-3000:], ran.errors[-3000:], stage.scripted.unmet)
    assert (ran.code, stage.scripted.unmet, stage.scripted.left) == (0, [], 0), told
    asked = stage.scripted.asked
    assert "from-the-shell" in asked[-1].results[0], told
    assert (repository / "made.md").read_text() == "One\n", told
    assert "All is done." in ran.output, told
    wanted = spoken(DOORS[agent.brand], stage.dialect)
    assert wanted is not None
    assert {one.path for one in asked} == {PATHS[wanted]}, told
    booked = [stage.models.booked.outcomes.get_nowait() for _ in asked]
    assert all(one.usage is not None for one in booked)
    assert {one.status for one in booked} == {200}
    record_property(stage.dialect, f"{DOORS[agent.brand]} as {wanted}")
