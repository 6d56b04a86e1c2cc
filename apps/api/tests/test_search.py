"""Searches and packs over HTTP: of the repository as it is on disk, within what is allowed."""

import asyncio
from pathlib import Path
from random import Random
from typing import Any

import httpx2
import pytest
from orchestra.api.testing import RunningApi
from orchestra.context.index.tokens import count_tokens
from orchestra.shared.testing.planted_secrets import KINDS, plant

pytestmark = pytest.mark.requirement("ctx.index")


async def search(api: RunningApi, query: str, **more: str) -> list[dict[str, Any]]:
    params = {"q": query, "consistent": "true", **more}
    answer = await api.http.get("/api/v1/search", params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["found"]
    return found


async def pack(api: RunningApi, task: str, budget: int = 2_000) -> dict[str, Any]:
    answer = await api.http.post("/api/v1/pack", json={"task": task, "budget": budget})
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_what_was_saved_a_moment_ago_is_found_with_its_lines(
    api: RunningApi, repository: Path
) -> None:
    (repository / "mail.py").write_text("x = 1\n\n\ndef deliver_letter():\n    return 'zebra'\n")
    (place,) = await search(api, "deliver zebra")
    assert (place["path"], place["start"], place["end"]) == ("mail.py", 1, 5)
    assert place["symbols"] == ["x", "deliver_letter"]
    assert "return 'zebra'" in place["text"]
    assert place["why"]


async def test_what_is_deleted_or_changed_is_not_found_any_more(
    api: RunningApi, repository: Path
) -> None:
    (repository / "mail.py").write_text("def zebra(): ...\n")
    assert len(await search(api, "zebra")) == 1
    (repository / "mail.py").write_text("def okapi(): ...\n")
    assert await search(api, "zebra") == []
    (repository / "mail.py").unlink()
    assert await search(api, "okapi") == []


async def test_ignored_and_secret_files_are_not_found(api: RunningApi, repository: Path) -> None:
    (repository / ".gitignore").write_text("ignored.py\n")
    for name in ("ignored.py", ".env", "server.pem"):
        (repository / name).write_text("zebra = 1\n")
    assert [place["path"] for place in await search(api, "zebra")] == []


async def test_a_search_can_be_kept_to_a_folder(api: RunningApi, repository: Path) -> None:
    for name in ("one", "other"):
        (repository / name).mkdir()
        (repository / name / "a.py").write_text("zebra = 1\n")
    found = await search(api, "zebra", under="one/")
    assert [place["path"] for place in found] == ["one/a.py"]


@pytest.mark.requirement("ctx.pack")
async def test_a_pack_holds_the_code_the_live_state_and_the_task_within_its_budget(
    api: RunningApi, repository: Path
) -> None:
    (repository / "mail.py").write_text("def deliver_letter():\n    return 'zebra'\n")
    await search(api, "zebra")
    made = await pack(api, "deliver the zebra letter twice")
    assert made["tokens"] == count_tokens(made["text"]) <= 2_000
    kinds = {item["kind"]: item for item in reversed(made["items"])}
    assert kinds["code"]["path"] == "mail.py"
    assert "return 'zebra'" in kinds["code"]["text"]
    assert "branch main" in kinds["state"]["text"]
    assert "deliver the zebra letter twice" in kinds["task"]["text"]
    assert made["files"][0] == "mail.py"
    assert made["revision"]
    assert any("vectors are not part" in note for note in made["notes"])


@pytest.mark.requirement("ctx.pack", "ctx.memory")
async def test_a_pack_brings_the_notes_that_bear_on_the_task_as_data(api: RunningApi) -> None:
    note = {"text": "Zebra letters go by the night train", "kind": "decision"}
    assert (await api.http.post("/api/v1/memory", json=note)).status_code == 201
    made = await pack(api, "deliver the zebra letters")
    (memory,) = [item for item in made["items"] if item["kind"] == "memory"]
    assert "night train" in memory["text"]
    assert memory["trust"] == "untrusted"


@pytest.mark.requirement("ctx.redaction")
async def test_no_planted_secret_leaves_by_search_or_pack(
    api: RunningApi, repository: Path
) -> None:
    planted = {kind: plant(kind, Random(7)) for kind in KINDS}
    for number, (text, _) in enumerate(planted.values()):
        (repository / f"zebra_{number}.py").write_text(f"# zebra {number}\n{text}\n")
    answers = str(await search(api, "zebra", limit="50")) + str(await pack(api, "zebra", 20_000))
    assert "# zebra 0" in answers
    assert [kind for kind, (_, secret) in planted.items() if secret in answers] == []


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.requirement("trust.inputs")
@pytest.mark.parametrize(
    "order",
    [
        {},
        {"task": ""},
        {"task": "   "},
        {"task": "x" * 20_001},
        {"task": 1},
        {"task": "x", "budget": 499},
        {"task": "x", "budget": 10**9},
        {"task": "x", "budgett": 1000},
        {"task": "x", "budget": None},
        [],
    ],
)
async def test_a_pack_that_cannot_be_made_is_refused_in_words(
    shared_api: RunningApi, order: object
) -> None:
    answer = await shared_api.http.post("/api/v1/pack", json=order)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.requirement("trust.identity")
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "search?q=x"), ("POST", "pack"), ("GET", "index")]
)
async def test_without_a_key_nothing_is_told(
    shared_api: RunningApi, method: str, path: str
) -> None:
    async with httpx2.AsyncClient(base_url=shared_api.url) as stranger:
        answer = await stranger.request(method, f"/api/v1/{path}", json={"task": "x"})
    assert answer.status_code == 401


async def test_the_index_says_how_it_is(api: RunningApi, repository: Path) -> None:
    await search(api, "print")
    state = (await api.http.get("/api/v1/index")).json()
    assert (state["ready"], state["files"], state["commits"]) == (True, 1, 1)
    assert state["problem"] is None


async def test_many_searches_at_once_are_all_answered(api: RunningApi, repository: Path) -> None:
    (repository / "mail.py").write_text("def zebra(): ...\n")
    await search(api, "zebra")
    found = await asyncio.gather(*(search(api, "zebra") for _ in range(20)))
    assert all(places[0]["path"] == "mail.py" for places in found)
