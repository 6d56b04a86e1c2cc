"""Approvals over HTTP: who sees them, who decides them, and that each counts once."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
from orchestra.api.testing import RunningApi
from orchestra.api.testing_governed import Beside, beside
from orchestra.coordination.governance import Act
from orchestra.shared.settings import Settings

pytestmark = pytest.mark.requirement("agent.enforce")

APPROVALS = "/api/v1/approvals"
DROP = Act(None, "drop the table users", {"statement": "drop table users"}, destructive=True)


@pytest.fixture
async def system(api: RunningApi, settings: Settings) -> AsyncIterator[Beside]:
    async with beside(api, settings) as made:
        yield made


async def ask(system: Beside, headers: dict[str, str], act: Act = DROP) -> str:
    verdict = await system.judge(act, headers)
    assert verdict.outcome == "ask"
    assert verdict.approval_id is not None
    return verdict.approval_id


async def test_a_person_approves_and_the_agent_hears_of_it_at_once(system: Beside) -> None:
    http = system.api.http
    claude = await system.key("claude", "approvals:read")
    ada = await system.key("ada", "approvals:read", "approvals:decide", kind="human")
    id = await ask(system, claude)
    async with system.api.stream("?topics=approvals") as stream, asyncio.timeout(30):
        waiting = asyncio.create_task(
            http.get(f"{APPROVALS}/{id}", params={"wait": 60}, headers=claude)
        )
        listed = (await http.get(APPROVALS, headers=ada)).json()["approvals"]
        decided = await http.post(
            f"{APPROVALS}/{id}/approve", json={"comment": "backup is good"}, headers=ada
        )
        heard = (await waiting).json()
        async for event in stream:
            if id in str(event.data) and "backup is good" in str(event.data):
                break

    assert [one["id"] for one in listed] == [id]
    assert listed[0]["summary"] == "drop the table users"
    assert listed[0]["subject"] == {"statement": "drop table users"}
    assert listed[0]["reason"] == "it destroys something"
    assert (decided.status_code, heard["state"]) == (200, "approved")
    assert (heard["decided_by"], heard["comment"]) == ("ada", "backup is good")
    assert (await system.judge(DROP, claude)).outcome == "allow"
    assert (await system.judge(DROP, claude)).outcome == "ask"
    used = await http.get(APPROVALS, params={"state": "used"}, headers=ada)
    assert [one["id"] for one in used.json()["approvals"]] == [id]


async def test_whose_who_may_not_decide_do_not(system: Beside) -> None:
    """Attack S20: an agent's key; the requester; a replay; two who race."""
    http = system.api.http
    claude = await system.key("claude", "approvals:read", "approvals:decide")
    carl = await system.key("carl", "approvals:read", kind="human")
    promoted = await system.key("carl", "approvals:read", "approvals:decide", kind="human")
    powerful = await system.key("boss", "admin")
    ada = await system.key("ada", "approvals:read", "approvals:decide", kind="human")
    by_agent, by_person = await ask(system, claude), await ask(system, carl)

    for id, by, said in (
        (by_agent, claude, "only a person"),
        (by_agent, powerful, "only a person"),
        (by_agent, carl, "approvals:decide"),
        (by_person, promoted, "cannot decide it"),
    ):
        for verb in ("approve", "deny"):
            answer = await http.post(f"{APPROVALS}/{id}/{verb}", json={}, headers=by)
            assert (answer.status_code, said in answer.text) == (403, True), answer.text
    race = await asyncio.gather(
        *(
            http.post(f"{APPROVALS}/{by_agent}/{verb}", json={}, headers=by)
            for verb in ("approve", "deny", "approve")
            for by in (ada, {})
        )
    )
    assert sorted(answer.status_code for answer in race) == [200, 409, 409, 409, 409, 409]
    replay = await http.post(f"{APPROVALS}/{by_agent}/approve", json={}, headers=ada)
    assert replay.status_code == 409


async def test_an_agent_cannot_make_itself_a_person_or_another_agent(system: Beside) -> None:
    manager = await system.key("robot", "keys:manage", "approvals:decide", "context:read")

    async def make(**order: object) -> int:
        body = {"scopes": ["context:read"], **order}
        answer = await system.api.http.post("/api/v1/keys", json=body, headers=manager)
        return int(answer.status_code)

    assert await make(name="ada", kind="human", scopes=["approvals:decide"]) == 403
    assert await make(name="ci", kind="service") == 403
    assert await make(name="vercel-deploy-agent") == 403
    assert await make(name="robot@laptop") == 201


async def test_what_another_agent_asked_for_is_not_there(system: Beside) -> None:
    """Attack S03: ids of others."""
    http = system.api.http
    claude = await system.key("claude", "approvals:read")
    codex = await system.key("codex", "approvals:read")
    id = await ask(system, claude)

    unknown = await http.get(f"{APPROVALS}/apr_{'0' * 16}", headers=codex)
    theirs = await http.get(f"{APPROVALS}/{id}", headers=codex)
    listed = await http.get(APPROVALS, params={"state": "any"}, headers=codex)
    paged = await http.get(APPROVALS, params={"before": id}, headers=codex)

    assert (theirs.status_code, unknown.status_code, paged.status_code) == (404, 404, 404)
    assert theirs.json()["detail"].replace(id, "") == unknown.json()["detail"].replace(
        f"apr_{'0' * 16}", ""
    )
    assert listed.json()["approvals"] == []
    assert (await http.get(f"{APPROVALS}/{id}", headers=claude)).status_code == 200


async def test_a_key_may_do_what_its_scopes_say(system: Beside) -> None:
    """Attack S04, for approvals, agents and the audit."""
    http = system.api.http
    id = await ask(system, await system.key("claude", "approvals:read"))
    nobody = await system.key("nobody", "memory:read", kind="human")
    reader = await system.key("reader", "approvals:read", "context:read", kind="human")
    digest = "0" * 64

    for method, path in (
        ("GET", APPROVALS),
        ("GET", f"{APPROVALS}/{id}"),
        ("POST", f"{APPROVALS}/{id}/approve"),
        ("POST", f"{APPROVALS}/{id}/deny"),
        ("GET", "/api/v1/agents"),
        ("POST", f"/api/v1/agents/specs/{digest}/approve"),
        ("GET", "/api/v1/audit"),
        ("GET", "/api/v1/audit/verify"),
    ):
        body: dict[str, str] | None = (
            {} if method == "POST" and path.startswith(APPROVALS) else None
        )
        answer = await http.request(method, path, json=body, headers=nobody)
        assert (answer.status_code, path) == (403, path)
        assert "lacks the scope" in answer.json()["detail"]
        if method == "POST":
            answer = await http.request(method, path, json=body, headers=reader)
            assert (answer.status_code, path) == (403, path)


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize(
    "field",
    [
        {"approved": True},
        {"state": "approved"},
        {"decided_by": "ada"},
        {"workspace_id": "x"},
        {"comment": ["x"]},
        {"comment": "x" * 1001},
    ],
)
@pytest.mark.parametrize("verb", ["approve", "deny"])
async def test_a_decision_is_a_comment_and_nothing_else(
    shared_api: RunningApi, verb: str, field: dict[str, object]
) -> None:
    """Attack S18: what the body may not say."""
    path = f"{APPROVALS}/apr_{'0' * 16}/{verb}"

    assert (await shared_api.http.post(path, json=field)).status_code == 422
    assert (await shared_api.http.post(path, json={"comment": "x"})).status_code == 404


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize(
    "id",
    [
        "apr_ABCDEF0123456789",
        "apr_0123456789abcde\u0430",
        "apr_0123456789abcdef%20",
        " apr_0123456789abcdef",
        "apr_0123456789abcdef%00",
        "..%2f..%2fkeys",
        "APR_0123456789abcdef",
        "apr_0123456789abcdef0",
    ],
)
async def test_a_name_that_only_looks_like_an_id_is_none(shared_api: RunningApi, id: str) -> None:
    """Attack S22: other case, look-alikes, spaces, `../`."""
    for path in (f"{APPROVALS}/{id}", f"/api/v1/agents/specs/{id}/approve"):
        method = "GET" if path.startswith(APPROVALS) else "POST"
        answer: httpx2.Response = await shared_api.http.request(method, path)

        assert answer.status_code in (404, 422)
