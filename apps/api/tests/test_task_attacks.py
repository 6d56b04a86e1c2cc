"""Attacks on tasks and hand-offs: ids of another workspace, tokens that were good once, things sent again."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from orchestra.api.testing import RunningApi, running_api
from orchestra.shared.settings import Settings
from orchestra.shared.testing.postgres import TemporaryPostgres
from pydantic import SecretStr

pytestmark = [
    pytest.mark.requirement("agent.handoff", "trust.identity"),
    pytest.mark.asyncio(loop_scope="session"),
]

SCOPES = ["tasks:read", "tasks:write", "approvals:read", "memory:read", "memory:write"]


async def agent(api: RunningApi, name: str) -> dict[str, str]:
    """The headers of an agent with a key for tasks."""
    made = await api.http.post("/api/v1/keys", json={"name": name, "scopes": SCOPES})
    return {"Authorization": f"Bearer {made.json()['key']}"}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def two(
    postgres: TemporaryPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[RunningApi, RunningApi]]:
    """Two repositories that are served from one database: two workspaces."""
    dsn = SecretStr(postgres.create_database())
    async with AsyncExitStack() as stack:
        served = []
        for name in ("a", "b"):
            folder = tmp_path_factory.mktemp(f"workspace-{name}")
            settings = Settings(repo=folder, state_dir=folder / "state", database_url=dsn, port=0)
            served.append(await stack.enter_async_context(running_api(settings)))
        yield served[0], served[1]


async def test_s03_ids_of_another_workspace_are_unknown(
    two: tuple[RunningApi, RunningApi],
) -> None:
    a, b = two
    claude, spy = await agent(a, "claude"), await agent(b, "claude")  # the same principal
    task = (await a.http.post("/api/v1/tasks", json={"title": "Secret"}, headers=claude)).json()
    offer = {"title": "Secret too", "to": "claude"}
    handoff = (await a.http.post("/api/v1/handoffs", json=offer, headers=claude)).json()
    note = {"text": "Secret three", "kind": "gotcha"}
    memory = (await a.http.post("/api/v1/memory", json=note, headers=claude)).json()["note"]

    for method, path, body in (
        ("GET", f"/api/v1/tasks/{task['id']}", None),
        ("POST", f"/api/v1/tasks/{task['id']}/claim", {}),
        ("POST", f"/api/v1/tasks/{task['id']}/renew", {"token": 1}),
        ("POST", f"/api/v1/tasks/{task['id']}/release", {"token": 1}),
        ("POST", f"/api/v1/tasks/{task['id']}/complete", {"token": 1}),
        ("POST", f"/api/v1/tasks/{task['id']}/cancel", {}),
        ("PATCH", f"/api/v1/tasks/{task['id']}", {"token": 1, "progress": {}}),
        ("GET", f"/api/v1/tasks?after={task['id']}", None),
        ("GET", f"/api/v1/handoffs/{handoff['id']}", None),
        ("POST", f"/api/v1/handoffs/{handoff['id']}/accept", {}),
        ("POST", f"/api/v1/handoffs/{handoff['id']}/withdraw", None),
        ("POST", "/api/v1/handoffs", {"task_id": task["id"], "token": 1}),
        ("GET", f"/api/v1/memory/{memory['id']}", None),
    ):
        for headers in (spy, {}):  # an agent's key, and that of the other system's admin
            answer = await b.http.request(method, path, json=body, headers=headers)
            assert (answer.status_code, path) == (404, path)
            assert "Secret" not in answer.text
    for path in ("/api/v1/tasks?state=any", "/api/v1/handoffs?state=any", "/api/v1/memory"):
        assert "Secret" not in (await b.http.get(path)).text
    seen = {"jsonrpc": "2.0", "id": 1, "method": "GetTask", "params": {"id": task["id"]}}
    answer = await b.http.post("/a2a", json=seen, headers={"A2A-Version": "1.0"})
    assert answer.json()["error"]["code"] == -32001


async def lost(api: RunningApi, claude: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """A task that claude held by token 1, and somebody else holds by token 2; and how it is."""
    id = (await api.http.post("/api/v1/tasks", json={"title": "Mend"})).json()["id"]
    path = f"/api/v1/tasks/{id}"
    await api.http.post(f"{path}/claim", json={}, headers=claude)
    await api.http.post(f"{path}/release", json={"token": 1}, headers=claude)
    await api.http.post(f"{path}/claim", json={}, headers=await agent(api, "codex"))
    return id, await shown(api, id)


async def shown(api: RunningApi, id: str) -> dict[str, Any]:
    task: dict[str, Any] = (await api.http.get(f"/api/v1/tasks/{id}")).json()
    return {name: said for name, said in task.items() if not name.startswith("packet")}


@pytest.mark.parametrize("token", [0, 1, 2, 3])
async def test_s50_who_lost_the_lease_writes_nothing_whatever_token_it_says(
    shared_api: RunningApi, token: int
) -> None:
    claude = await agent(shared_api, "claude")
    id, before = await lost(shared_api, claude)

    for method, path, body in (
        ("POST", f"/api/v1/tasks/{id}/renew", {"lease_s": 3600}),
        ("PATCH", f"/api/v1/tasks/{id}", {"progress": {"next_step": "mine"}}),
        ("POST", f"/api/v1/tasks/{id}/release", {}),
        ("POST", f"/api/v1/tasks/{id}/complete", {"result": "mine"}),
        ("POST", "/api/v1/handoffs", {"task_id": id}),
    ):
        answer = await shared_api.http.request(
            method, path, json={**body, "token": token}, headers=claude
        )
        assert (answer.status_code, path) in ((409, path), (422, path))
    refused = await shared_api.http.post(f"/api/v1/tasks/{id}/cancel", json={}, headers=claude)
    assert refused.status_code == 403
    assert await shown(shared_api, id) == before


async def test_s50_nor_does_it_over_mcp(shared_api: RunningApi) -> None:
    claude = await agent(shared_api, "claude")
    id, before = await lost(shared_api, claude)
    async with (
        httpx2.AsyncClient(headers=claude, timeout=60) as http,
        Client(streamable_http_client(f"{shared_api.url}/mcp", http_client=http)) as client,
    ):
        for token in (1, 2, 3):
            mine = {"task_id": id, "fencing_token": token}
            for name, more in (
                ("task_update", {"progress": {"next_step": "mine"}}),
                ("task_update", {"close": "complete", "result": "mine"}),
                ("task_update", {"close": "release"}),
                ("handoff_create", {}),
            ):
                assert (await client.call_tool(name, mine | more)).is_error, (name, more)

    assert await shown(shared_api, id) == before


async def test_s50_what_is_sent_again_happens_once(shared_api: RunningApi) -> None:
    claude, codex = await agent(shared_api, "claude"), await agent(shared_api, "codex")
    id = (await shared_api.http.post("/api/v1/tasks", json={"title": "Mend"})).json()["id"]
    await shared_api.http.post(f"/api/v1/tasks/{id}/claim", json={}, headers=claude)
    offer = {"task_id": id, "token": 1}
    first = await shared_api.http.post("/api/v1/handoffs", json=offer, headers=claude)
    again = await shared_api.http.post("/api/v1/handoffs", json=offer, headers=claude)
    assert (first.status_code, again.status_code) == (201, 409)

    path = f"/api/v1/handoffs/{first.json()['id']}/accept"
    tokens = [
        (await shared_api.http.post(path, json={}, headers=codex)).json()["task"]["claim"]["token"]
        for _ in range(2)
    ]
    assert tokens == [2, 2]
    assert (await shared_api.http.post(path, json={}, headers=claude)).status_code == 409
    task = f"/api/v1/tasks/{id}"
    await shared_api.http.post(f"{task}/complete", json={"token": 2}, headers=codex)
    late = await shared_api.http.post(path, json={}, headers=codex)
    assert late.status_code == 409
    assert (await shown(shared_api, id))["state"] == "done"
