"""Tasks and hand-offs over HTTP: one winner, stale tokens, another history, and a push to who waits."""

import asyncio
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2
import pytest
from orchestra.api.testing import RunningApi
from orchestra.shared.settings import child_environment

pytestmark = pytest.mark.requirement("agent.handoff")


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, env=child_environment())


async def agent(api: RunningApi, name: str) -> dict[str, str]:
    """The headers of an agent with a key for tasks."""
    order = {"name": name, "scopes": ["tasks:read", "tasks:write", "context:read"]}
    made = (await api.http.post("/api/v1/keys", json=order)).json()
    return {"Authorization": f"Bearer {made['key']}"}


async def held(api: RunningApi, by: dict[str, str], title: str = "Mend") -> dict[str, Any]:
    task = (await api.http.post("/api/v1/tasks", json={"title": title})).json()
    answer = await api.http.post(f"/api/v1/tasks/{task['id']}/claim", json={}, headers=by)
    assert answer.status_code == 200
    claimed: dict[str, Any] = answer.json()
    return claimed


async def handed(api: RunningApi, by: dict[str, str], **more: object) -> dict[str, Any]:
    task = await held(api, by)
    body = {"task_id": task["id"], "token": task["claim"]["token"], **more}
    answer = await api.http.post("/api/v1/handoffs", json=body, headers=by)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_task_goes_from_one_agent_to_the_next(api: RunningApi) -> None:
    claude, codex = await agent(api, "claude"), await agent(api, "codex@laptop")
    progress = {"done": ["the parser"], "next_step": "write the printer"}
    handoff = await handed(api, claude, to="codex", progress=progress)

    answer = await api.http.post(f"/api/v1/handoffs/{handoff['id']}/accept", json={}, headers=codex)

    accepted = answer.json()
    assert answer.status_code == 200
    assert accepted["task"]["claim"]["token"] == 2
    assert accepted["task"]["progress"]["next_step"] == "write the printer"
    assert "write the printer" in accepted["text"]
    path = f"/api/v1/tasks/{handoff['task_id']}/complete"
    stale = await api.http.post(path, json={"token": 1}, headers=claude)
    assert stale.status_code == 409
    assert "held by codex@laptop" in stale.json()["detail"]
    done = await api.http.post(path, json={"token": 2, "result": "it prints"}, headers=codex)
    assert (done.status_code, done.json()["state"]) == (200, "done")
    page = (await api.http.get("/api/v1/tasks?state=any")).json()
    assert page["counts"] == {"open": 0, "claimed": 0, "done": 1, "cancelled": 0}


async def test_of_a_hundred_racing_requests_one_gets_the_task(api: RunningApi) -> None:
    keys = [await agent(api, f"agent-{n}") for n in range(10)]
    task = (await api.http.post("/api/v1/tasks", json={"title": "Mend"})).json()
    path = f"/api/v1/tasks/{task['id']}/claim"

    async def claim(n: int) -> httpx2.Response:
        body = {"session": f"claude/{n}"}  # ten of them share each key
        return await api.http.post(path, json=body, headers=keys[n % 10])

    answers = await asyncio.gather(*(claim(n) for n in range(100)))

    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 99}


async def test_who_waits_hears_of_a_hand_off_without_asking(api: RunningApi) -> None:
    claude = await agent(api, "claude")
    await api.http.get("/api/v1/context?consistent=true")
    async with asyncio.timeout(30), api.stream("?topics=handoffs,claims") as events:
        assert (await anext(events)).name == "snapshot"
        handoff = await handed(api, claude, to="codex")
        async for event in events:
            if handoff["id"] in str(event.data):
                break

    context = (await api.http.get("/api/v1/context?consistent=true")).json()
    waiting = context["topics"]["handoffs"]["value"]["waiting"]
    assert waiting[handoff["id"]]["to"] == "codex"
    assert context["topics"]["claims"]["value"]["held"] == {}


async def test_the_repository_is_compared_with_where_the_sender_left_it(
    api: RunningApi, repository: Path
) -> None:
    claude, codex = await agent(api, "claude"), await agent(api, "codex")
    git(repository, "commit", "-q", "--allow-empty", "-m", "Second")
    handoff = await handed(api, claude, progress={"read_first": ["a.py", "gone.py"]})
    path = f"/api/v1/handoffs/{handoff['id']}"

    git(repository, "commit", "-q", "--allow-empty", "-m", "Third")
    seen = (await api.http.get(path, headers=codex)).json()
    moved = {finding["code"]: finding["text"] for finding in seen["findings"]}
    assert moved["files-missing"] == "not there: gone.py"
    assert "head-moved" in moved

    git(repository, "reset", "-q", "--hard", "HEAD~2")
    refused = await api.http.post(f"{path}/accept", json={}, headers=codex)
    assert refused.status_code == 409
    assert "HEAD does not contain" in refused.json()["detail"]
    elsewhere = {"head": "0" * 40}
    assert (await api.http.post(f"{path}/accept", json=elsewhere, headers=codex)).status_code == 409
    anyway = await api.http.post(f"{path}/accept", json={"anyway": True}, headers=codex)
    assert anyway.status_code == 200
    assert "head-diverged" in [finding["code"] for finding in anyway.json()["findings"]]


async def test_a_hand_off_between_others_is_unknown_and_nobody_can_forge_its_sender(
    api: RunningApi,
) -> None:
    claude, cursor = await agent(api, "claude"), await agent(api, "cursor")
    handoff = await handed(api, claude, to="codex")
    path = f"/api/v1/handoffs/{handoff['id']}"

    unknown = await api.http.get(f"/api/v1/handoffs/hof_{'0' * 16}", headers=cursor)
    for answer in (
        await api.http.get(path, headers=cursor),
        await api.http.post(f"{path}/accept", json={}, headers=cursor),
        await api.http.post(f"{path}/withdraw", headers=cursor),
    ):
        assert answer.status_code == unknown.status_code == 404
        assert (
            answer.json()["detail"].replace(handoff["id"], "hof_" + "0" * 16)
            == (unknown.json()["detail"])
        )
    forged = {"title": "x", "from_agent": "claude"}
    assert (await api.http.post("/api/v1/handoffs", json=forged, headers=cursor)).status_code == 422
    assert handoff["sender"] == handoff["packet"]["from_agent"] == "claude"


async def test_a_key_without_the_scope_changes_nothing(api: RunningApi) -> None:
    order = {"name": "reader", "scopes": ["tasks:read"]}
    made = (await api.http.post("/api/v1/keys", json=order)).json()
    reader = {"Authorization": f"Bearer {made['key']}"}

    assert (await api.http.get("/api/v1/tasks", headers=reader)).status_code == 200
    for path in ("/api/v1/tasks", "/api/v1/handoffs"):
        answer = await api.http.post(path, json={"title": "x"}, headers=reader)
        assert answer.status_code == 403


@pytest.mark.requirement("agent.handoff-time")
async def test_what_hooks_see_is_in_the_packet_and_the_packet_in_the_next_brief(
    api: RunningApi,
) -> None:
    scopes = ["tasks:read", "tasks:write", "context:read", "hooks:write"]
    keys = []
    for name in ("claude", "codex"):
        made = await api.http.post("/api/v1/keys", json={"name": name, "scopes": scopes})
        keys.append({"Authorization": f"Bearer {made.json()['key']}"})
    claude, codex = keys
    task = (await api.http.post("/api/v1/tasks", json={"title": "Mend"})).json()
    claim = {"session": "claude/s1"}
    path = f"/api/v1/tasks/{task['id']}/claim"
    token = (await api.http.post(path, json=claim, headers=claude)).json()["claim"]["token"]
    ran = {
        "hook_event_name": "PostToolUse",
        "session_id": "s1",
        "cwd": "/",
        "tool_name": "Bash",
        "tool_input": {"command": "make everything"},
        "tool_response": {"exit_code": 0},
    }
    hooked = await api.http.post("/api/v1/hooks/claude", json=ran, headers=claude)
    assert hooked.status_code == 200
    body = {"task_id": task["id"], "token": token, "to": "codex"}
    body["progress"] = {"next_step": "link it"}
    handoff = (await api.http.post("/api/v1/handoffs", json=body, headers=claude)).json()
    assert [ran["command"] for ran in handoff["packet"]["commands"]] == ["make everything"]

    started = {"hook_event_name": "SessionStart", "session_id": "s2", "source": "startup"}
    brief = await api.http.post("/api/v1/hooks/codex", json=started | {"cwd": "/"}, headers=codex)

    assert handoff["id"] in brief.text
    assert "link it" in brief.text
    assert "make everything" in brief.text


async def test_a_pack_names_the_hand_offs_that_fit_its_task(api: RunningApi) -> None:
    claude = await agent(api, "claude")
    fitting = {"title": "Mend the login form", "goal": "</x> the login form works"}
    fits = (await api.http.post("/api/v1/handoffs", json=fitting, headers=claude)).json()
    other = {"title": "Translate the manual"}
    await api.http.post("/api/v1/handoffs", json=other, headers=claude)
    task = {"task": "the login form does not work", "budget": 2000}
    async with asyncio.timeout(60):
        while (answer := await api.http.post("/api/v1/pack", json=task)).status_code == 503:
            await api.http.get("/api/v1/context/wait?timeout=1")

    items = [item for item in answer.json()["items"] if item["kind"] == "handoff"]

    assert [fits["id"] in item["text"] for item in items] == [True]
    assert items[0]["trust"] == "untrusted"
