"""The live context over HTTP: what is saved arrives, and nothing is missed."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from orchestra.api.testing import RunningApi, ServerEvent
from orchestra.context.patch import apply

pytestmark = pytest.mark.requirement("ctx.stream.delta")

CHANGES = "/topics/codebase_state/value/changes"


async def until(events: AsyncIterator[ServerEvent], path: str) -> ServerEvent:
    """The first delta that touches the path."""
    async with asyncio.timeout(20):
        async for event in events:
            if any(op["path"].startswith(path) for op in event.data.get("ops", [])):
                return event
    raise AssertionError("the stream ended")


async def first(events: AsyncIterator[ServerEvent], name: str) -> ServerEvent:
    async with asyncio.timeout(20):
        async for event in events:
            if event.name == name:
                return event
    raise AssertionError("the stream ended")


async def ready(api: RunningApi) -> dict[str, Any]:
    """The context once the repository is in it."""
    view: dict[str, Any] = (await api.http.get("/api/v1/context?consistent=true")).json()
    return view


@pytest.mark.requirement("ctx.push")
async def test_a_saved_file_arrives_by_push(api: RunningApi, repository: Path) -> None:
    await ready(api)
    async with api.stream() as events:
        snapshot = await first(events, "snapshot")
        assert snapshot.data["topics"]["codebase_state"]["value"]["changes"] == {}

        (repository / "a.py").write_text("print(2)\n")
        delta = await until(events, f"{CHANGES}/a.py")

    assert delta.data["topic"] == "codebase_state"
    assert delta.data["seq"] == snapshot.data["seq"] + 1
    assert delta.id == f"{delta.data['epoch']}:{delta.data['seq']}"


async def test_snapshot_and_deltas_give_the_document_byte_for_byte(
    api: RunningApi, repository: Path
) -> None:
    await ready(api)
    async with api.stream() as events:
        document = dict((await first(events, "snapshot")).data)
        for n in range(20):
            (repository / f"file{n % 7}.txt").write_text(f"{n}\n")
        (repository / "file3.txt").unlink()
        view = await ready(api)
        async with asyncio.timeout(20):
            while document["seq"] < view["seq"]:
                delta = await anext(events)
                if delta.name == "delta":
                    assert delta.data["seq"] == document["seq"] + 1
                    document = apply(document, delta.data["ops"])
                    document["seq"] = delta.data["seq"]
    del view["checked"]
    assert json.dumps(document, sort_keys=True) == json.dumps(view, sort_keys=True)


async def test_a_reader_that_resumes_misses_nothing(api: RunningApi, repository: Path) -> None:
    before = await ready(api)
    place = f"{before['epoch']}:{before['seq']}"
    for n in range(5):
        (repository / f"file{n}.txt").write_text("x")
        after = await ready(api)

    async with api.stream(place=place) as events:
        seen = []
        async with asyncio.timeout(20):
            async for event in events:
                if event.name == "up-to-date":
                    break
                seen.append(event)

    assert [event.name for event in seen] == ["delta"] * (after["seq"] - before["seq"])
    assert [e.data["seq"] for e in seen] == list(range(before["seq"] + 1, after["seq"] + 1))


@pytest.mark.parametrize("place", ["0" * 32 + ":1", "{epoch}:999999"])
async def test_a_place_in_another_log_gets_a_snapshot_and_is_told_why(
    api: RunningApi, place: str
) -> None:
    view = await ready(api)
    async with api.stream(place=place.format(epoch=view["epoch"])) as events:
        async with asyncio.timeout(20):
            names = [(await anext(events)).name for _ in range(3)]

    assert names == ["must-refetch", "snapshot", "up-to-date"]


@pytest.mark.parametrize("place", ["nonsense", "1:1", "x" * 5000, "é:1", "0" * 32 + ":-1"])
async def test_what_is_no_place_is_refused(api: RunningApi, place: str) -> None:
    answer = await api.http.get(
        "/api/v1/context/stream", headers=[(b"Last-Event-ID", place.encode())]
    )

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert "place in the context stream" in answer.json()["detail"]


async def test_a_filtered_reader_sees_only_its_topics(api: RunningApi, repository: Path) -> None:
    await ready(api)
    async with api.stream("?topics=codebase_state") as events:
        snapshot = await first(events, "snapshot")
        (repository / "b.txt").write_text("x")
        delta = await until(events, f"{CHANGES}/b.txt")

    assert set(snapshot.data["topics"]) == {"codebase_state"}
    assert delta.data["topic"] == "codebase_state"


async def test_an_open_stream_ends_when_its_key_is_revoked(api: RunningApi) -> None:
    made = (await api.http.post("/api/v1/keys", json={"name": "claude"})).json()
    async with api.stream(key=made["key"]) as events:
        await first(events, "up-to-date")
        await api.http.delete(f"/api/v1/keys/{made['id']}")
        bye = await first(events, "bye")

    assert bye.data == {"reason": "the key was revoked"}


async def test_waiting_answers_when_something_changes(api: RunningApi, repository: Path) -> None:
    view = await ready(api)
    place = f"{view['epoch']}:{view['seq']}"
    waiting = asyncio.create_task(
        api.http.get(f"/api/v1/context/wait?since={place}&topics=codebase_state&timeout=20")
    )
    (repository / "b.txt").write_text("x")

    answer = (await waiting).json()

    assert answer["changed"] is True
    assert "b.txt" in answer["topics"]["codebase_state"]["value"]["changes"]


async def test_waiting_in_vain_says_so(api: RunningApi) -> None:
    view = await ready(api)
    place = f"{view['epoch']}:{view['seq']}"

    answer = await api.http.get(f"/api/v1/context/wait?since={place}&topics=ci_runs&timeout=0")

    assert answer.json()["changed"] is False


async def test_an_unchanged_context_is_not_sent_again(api: RunningApi) -> None:
    await ready(api)
    tag = (await api.http.get("/api/v1/context")).headers["etag"]

    answer = await api.http.get("/api/v1/context", headers={"If-None-Match": tag})

    assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.requirement("ctx.agents")
async def test_the_files_in_the_repository_follow(api: RunningApi, repository: Path) -> None:
    await ready(api)
    (repository / "b.txt").write_text("x")
    live = repository / ".ai-context" / "live"
    async with asyncio.timeout(20):
        while "b.txt" not in _read(live / "CONTEXT.md"):
            await asyncio.sleep(0.02)

    written = json.loads((live / "context.json").read_text())
    assert "b.txt" in written["topics"]["codebase_state"]["value"]["changes"]
    assert ".ai-context" not in json.dumps(written["topics"]["codebase_state"]["value"]["changes"])


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""
