"""What is pushed to an agent: the topics of its spec's `context_sources`, unless it names others."""

import asyncio

import pytest
from orchestra.api.testing_hooks import HookedApi

pytestmark = [pytest.mark.requirement("agent.spec"), pytest.mark.asyncio(loop_scope="session")]

DEPLOYER = "vercel-deploy-agent"  # its spec says `context_sources: [codebase_state]`


async def key(hooked: HookedApi, name: str, kind: str = "agent") -> str:
    agent = await hooked.agent(name, "context:read", "events:write", kind=kind)
    return agent.headers["Authorization"].removeprefix("Bearer ")


async def first(hooked: HookedApi, key: str, query: str = "") -> set[str]:
    """The topics of the snapshot with which a stream begins."""
    async with asyncio.timeout(30), hooked.api.stream(query, key=key) as events:
        snapshot = await anext(events)
        assert snapshot.name == "snapshot"
        return set(snapshot.data["topics"])


async def test_a_stream_has_the_topics_of_the_agents_spec(hooked: HookedApi) -> None:
    assert await first(hooked, await key(hooked, f"{DEPLOYER}@a")) == {"codebase_state"}


async def test_a_stream_has_the_topics_that_the_agent_names(hooked: HookedApi) -> None:
    deployer = await key(hooked, f"{DEPLOYER}@b")

    assert await first(hooked, deployer, "?topics=claims") == {"claims"}


@pytest.mark.parametrize(("name", "kind"), [("codex", "agent"), (DEPLOYER + "-fan", "human")])
async def test_who_has_no_spec_gets_all(hooked: HookedApi, name: str, kind: str) -> None:
    assert {"codebase_state", "claims"} < await first(hooked, await key(hooked, name, kind))


async def test_a_change_elsewhere_is_not_pushed(hooked: HookedApi) -> None:
    deployer = await key(hooked, f"{DEPLOYER}@c")
    async with asyncio.timeout(60), hooked.api.stream(key=deployer) as events:
        await anext(events)
        await hooked.api.http.post("/api/v1/tasks", json={"title": "A task"})
        task = (await hooked.api.http.get("/api/v1/tasks")).json()["tasks"][0]
        answer = await hooked.api.http.post(f"/api/v1/tasks/{task['id']}/claim", json={})
        assert answer.status_code == 200
        async with hooked.api.stream("?topics=claims") as told:  # it is in the log by now
            while task["id"] not in str((await anext(told)).data):
                pass
        (hooked.repository / "pushed.py").write_text("print(2)\n")
        async for event in events:
            if event.name == "delta":
                break

    assert event.data["topic"] == "codebase_state"


async def test_a_long_poll_waits_for_those_topics_too(hooked: HookedApi) -> None:
    headers = {"Authorization": f"Bearer {await key(hooked, f'{DEPLOYER}@d')}"}
    here = (await hooked.api.http.get("/api/v1/context")).json()
    query = f"?since={here['epoch']}:{here['seq']}&timeout=0"

    answer = await hooked.api.http.get(f"/api/v1/context/wait{query}", headers=headers)

    assert set(answer.json()["topics"]) == {"codebase_state"}
