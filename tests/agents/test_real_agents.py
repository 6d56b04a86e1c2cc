"""Claude Code, Codex and droid, as their makers ship them, wired by `orchestra connect`.

The model is scripted and local; all else is real: the agent, its configuration, hooks, MCP, the
system that answers. Each agent's tests run in order; the last ones stop its system.
"""

import asyncio
from collections.abc import Callable

import pytest
from orchestra.agents.testing import Call, Say, Turn, edit, mcp, shell

from tests.agents.world import World, connect

pytestmark = pytest.mark.timeout(300)
Fact = Callable[[str, object], None]

FORMS = {
    "plain": "{0}",
    "after cd": "cd . && {0}",
    "with a variable": "FOO=1 {0}",
    "in sh -c": "sh -c '{0}'",
}
MOMENTS = ("started", "prompt", "before", "after", "stopped")
REFUSED_BY_ITSELF = {
    "claude": ["plain", "after cd", "with a variable"],
    "codex": ["plain", "after cd"],
    "factory": ["plain", "after cd", "with a variable", "in sh -c"],
}
"""What docs/agents.md says of each agent's second wall."""

HOOKED_IN_A_SUBFOLDER = {"codex", "factory"}
"""Claude Code reads `.claude` only where it is started."""

HOOKED_WITHOUT_TRUST = {"claude", "factory"}
"""Codex reads nothing of a project that nobody trusts, and runs no hook that nobody trusts."""


def forms(command: str) -> list[Call]:
    """One command, as it is, and in three disguises; each says which it is."""
    return [shell(form.format(f"{command} {number}")) for number, form in enumerate(FORMS.values())]


@pytest.mark.requirement("mcp.clients", "agent.connect")
async def test_mcp(world: World, record_property: Fact) -> None:
    """MCP: connects with the generated configuration, and calls a tool"""
    played = await world.play(mcp("orchestra", "context_get"), Say("done"))

    assert played.unmet == [], played
    assert "codebase_state" in played.asked[-1].results[-1], played
    counted = await world.counted("orchestra_mcp_calls_total")
    ours = [c for c in counted if (c["tool"], c["outcome"]) == ("context_get", "ok")]
    called = {calls["protocol"] for calls in ours}
    assert len(called) == 1, counted
    record_property("protocol", *called)


@pytest.mark.requirement("ctx.agents", "agent.connect")
async def test_brief(world: World) -> None:
    """hooks: the brief of the session is in the first request to the model"""
    note = "Prices are in cents, never in floats"
    await asyncio.to_thread(world.system.json, "memory", "add", note, "--kind", "convention")

    played = await world.play(Say("done"))

    first = played.asked[0]
    assert first.shows('<orchestra-context version="'), played
    assert first.shows(note), played


@pytest.mark.requirement("ctx.agents", "agent.connect")
async def test_moments(world: World, record_property: Fact) -> None:
    """hooks: the moments at which Orchestra is asked"""
    played = await world.play(shell("echo one"), Say("done"))

    counted = await world.counted("orchestra_hook_events_total")
    moments = {labels["moment"] for labels in counted}
    record_property("at", ", ".join(moment for moment in MOMENTS if moment in moments))
    lacking = {"prompt"} if world.agent.brand == "factory" else set()
    assert moments & set(MOMENTS) == set(MOMENTS) - lacking, (counted, played)


@pytest.mark.requirement("ctx.agents", "agent.connect")
async def test_delta(world: World) -> None:
    """hooks: what changes in the middle of the work reaches the next request"""

    async def change() -> None:
        world.git("switch", "-qc", "feature/in-the-middle")
        (world.repository / "unheard_of.py").write_text("print(2)\n")
        await world.settled()

    played = await world.play(
        shell("echo one"), Turn(shell("echo two"), meanwhile=change), Say("done")
    )
    world.git("switch", "-q", "main")
    (world.repository / "unheard_of.py").unlink()

    before, after = played.asked[-2], played.asked[-1]
    for word in ("feature/in-the-middle", "unheard_of.py"):
        assert not before.shows(word), played
        assert after.shows(word), played
    assert after.shows("<orchestra-changes"), played


@pytest.mark.requirement("agent.enforce", "agent.connect")
async def test_denied(world: World) -> None:
    """hooks: `pulumi destroy` without its permission is denied in every form; what is free runs"""
    world.marked()

    played = await world.play(*forms("pulumi destroy"), shell("pulumi preview"), Say("done"))

    assert world.marked() == ["pulumi preview"], played
    *denied, ran = played.asked[-1].results
    assert [("does not give `pulumi:write`" in one) for one in denied] == [True] * 4, played
    assert "ran" in ran, played


@pytest.mark.requirement("agent.enforce")
async def test_guarded(world: World) -> None:
    """hooks: an edit that its spec does not approve waits for a person, then passes once"""
    guarded, free = ".github/workflows/ci.yml", "notes.md"
    target, was_there = world.repository / guarded, []

    async def approve() -> None:
        was_there.append(target.exists())
        (waiting,) = (await asyncio.to_thread(world.system.json, "approvals", "list"))["approvals"]
        await asyncio.to_thread(world.system.json, "approvals", "approve", waiting["id"])

    held = edit(guarded, "on: push\n")
    played = await world.play(edit(free, "One\n"), held, Turn(held, meanwhile=approve), Say("done"))

    assert (world.repository / free).read_text() == "One\n", played
    assert "approval_required" in played.asked[2].results[-1], played
    assert (was_there, target.read_text()) == ([False], "on: push\n"), played


@pytest.mark.requirement("agent.connect")
async def test_subfolder(world: World, record_property: Fact) -> None:
    """started in a subfolder: whether the hooks still deny"""
    (world.repository / "docs").mkdir()
    world.marked()

    played = await world.play(
        shell("pulumi destroy"), shell("pulumi preview"), Say("done"), below="docs"
    )

    denied = "pulumi destroy" not in world.marked()
    record_property("denied", "yes" if denied else "no")
    assert "ran" in played.asked[-1].results[-1], played
    assert denied == (world.agent.brand in HOOKED_IN_A_SUBFOLDER), played


@pytest.mark.requirement("agent.connect")
async def test_untrusted(world: World, record_property: Fact) -> None:
    """in a repository that nobody has trusted: whether the hooks still deny"""
    world.marked()

    played = await world.play(
        shell("pulumi destroy"), shell("pulumi preview"), Say("done"), trusted=False
    )

    denied = "pulumi destroy" not in world.marked()
    record_property("denied", "yes" if denied else "no")
    assert "ran" in played.asked[-1].results[-1], played
    assert denied == (world.agent.brand in HOOKED_WITHOUT_TRUST), played


@pytest.mark.requirement("agent.enforce", "agent.connect")
async def test_down_closed(world: World) -> None:
    """Orchestra down, fail mode `closed`: nothing runs"""
    stop(world)

    played = await world.play(shell("pulumi preview"), edit("b.md", "x\n"), Say("done"))

    assert world.marked() == [], played
    assert not (world.repository / "b.md").exists(), played
    assert len(played.asked) == 3, played


@pytest.mark.requirement("agent.connect")
async def test_down_open(world: World, record_property: Fact) -> None:
    """Orchestra down, fail mode `open`: work goes on, and the agent's own list refuses commands"""
    stop(world)
    connect(world.system, world.agent, "--fail-mode", "open")
    world.marked()

    played = await world.play(*forms("terraform destroy"), shell("pulumi preview"), Say("done"))

    ran = world.marked()
    refused = [
        name for number, name in enumerate(FORMS) if f"terraform destroy {number}" not in ran
    ]
    record_property("refused", ", ".join(refused))
    assert "pulumi preview" in ran, played
    assert refused == REFUSED_BY_ITSELF[world.agent.brand], played


def stop(world: World) -> None:
    """End Orchestra, once."""
    if world.system.up.poll() is None:
        world.system.stop()
