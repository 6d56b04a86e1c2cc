"""Models help with searches and packs where they are configured, and nobody has to have one."""

import asyncio
import json

import pytest
from orchestra.api.testing import RunningApi, running_api
from orchestra.shared.settings import Settings
from orchestra.shared.testing.chat import FakeChat
from orchestra.vectors.testing.embeddings import FakeEmbeddings
from pydantic import SecretStr

pytestmark = pytest.mark.requirement("ctx.pack")

KEY = "a-key-of-the-service"


async def notes(api: RunningApi) -> list[str]:
    answer = await api.http.post("/api/v1/pack", json={"task": "print a number"})
    assert answer.status_code == 200, answer.text
    said: list[str] = answer.json()["notes"]
    return said


@pytest.mark.asyncio(loop_scope="session")
async def test_without_a_model_words_decide_and_it_is_said(shared_api: RunningApi) -> None:
    assert await notes(shared_api) == [
        "vectors are not part of the ranking; it goes by words, history and links"
    ]
    assert (await shared_api.http.get("/api/v1/index")).json()["vectors"] is None


async def test_an_embedding_service_gives_every_chunk_a_vector(settings: Settings) -> None:
    async with FakeEmbeddings(KEY) as service:
        named = {
            "embedder": "http",
            "embedder_model": service.model,
            "embedder_url": service.url,
            "embedder_key": SecretStr(KEY),
            "requests_per_second": 1_000_000,  # it is asked until it is done
        }
        async with running_api(settings.model_copy(update=named)) as api, asyncio.timeout(30):
            vectors = {"embedded": 0, "total": 1}
            while vectors["embedded"] < vectors["total"] or not vectors["total"]:
                vectors = (await api.http.get("/api/v1/index")).json()["vectors"]
            assert vectors == {
                "embedder": "http:small",
                "embedded": 1,
                "total": 1,
                "problem": None,
                "refused": 0,
            }
            assert await notes(api) == ["vectors: 100 % of chunks"]
            assert (await api.http.get("/api/v1/search", params={"q": "print"})).json()["found"]


async def test_an_embedding_service_that_is_away_is_said_and_searches_go_on(
    settings: Settings,
) -> None:
    away = {"embedder": "http", "embedder_model": "m", "embedder_url": "http://127.0.0.1:1"}
    async with running_api(settings.model_copy(update=away)) as api:
        found = (await api.http.get("/api/v1/search", params={"q": "print"})).json()["found"]
        (said,) = await notes(api)

    assert [place["path"] for place in found] == ["a.py"]
    assert said.startswith("vectors: left out of the ranking, as ")


async def test_a_chat_model_puts_places_in_order_when_it_is_named(settings: Settings) -> None:
    (settings.repo / "b.py").write_text(f"print(2)  # {KEY}\n")
    async with FakeChat(KEY, content=json.dumps({"order": [2]})) as chat:
        named = {
            "rerank_url": chat.url,
            "rerank_model": chat.model,
            "rerank_key": SecretStr(KEY),
        }
        async with running_api(settings.model_copy(update=named)) as api:
            said = await notes(api)

    assert said[-1] == "a model put the likeliest places in order"
    assert KEY not in chat.questions[0]
