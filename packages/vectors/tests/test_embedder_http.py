"""A service that embeds: asked in batches, again when it was busy, and never believed blindly."""

import asyncio
import json
from collections.abc import AsyncIterator

import numpy as np
import pytest
from orchestra.shared.errors import Invalid, TooLarge, TooManyRequests, Unavailable
from orchestra.shared.json import JsonValue
from orchestra.shared.settings import Settings
from orchestra.shared.testing.http_service import Fault, Reply
from orchestra.vectors import open_embedder
from orchestra.vectors.embedders.http import HttpEmbedder
from orchestra.vectors.retry import Retry
from orchestra.vectors.testing.embeddings import FakeEmbeddings
from pydantic import SecretStr

pytestmark = pytest.mark.requirement("vec.embedders")

QUICK = Retry(attempts=3, first=0.001, most=0.01)
BUSY, BROKEN = Fault(Reply({}, 429, {"retry-after": "0"})), Fault(Reply({}, 503))
DROPPED, SLOW = Fault(drop=True), Fault(hang=True)


@pytest.fixture
async def service() -> AsyncIterator[FakeEmbeddings]:
    async with FakeEmbeddings("a-key-of-the-service") as service:
        yield service


def embedder_of(service: FakeEmbeddings, **options: object) -> HttpEmbedder:
    given = {"batch": 4, "retry": QUICK, "timeout": 5.0, **options}
    return HttpEmbedder(service.url, service.model, SecretStr(service.key), **given)  # type: ignore[arg-type]  # each test names its own


async def test_rows_are_in_the_order_of_the_texts_over_batches(service: FakeEmbeddings) -> None:
    texts = [f"text {n}" for n in range(11)]
    async with embedder_of(service) as embedder:
        rows = await embedder.embed([*texts[:5], "  ", *texts[5:]], "document")

        assert embedder.dimension == 8
        assert rows.shape == (12, 8)
        assert rows[5].tolist() == [0] * 8
        for text, row in zip(texts, np.delete(rows, 5, axis=0), strict=True):
            exact = np.array(service.vector(text), dtype=np.float64)
            assert row == pytest.approx(exact / np.linalg.norm(exact), abs=1e-6)
    sizes = [len(json.loads(request.body)["input"]) for request in service.requests]
    assert max(sizes) <= 4


async def test_prefixes_are_put_before_the_texts_of_their_kind(service: FakeEmbeddings) -> None:
    async with embedder_of(service, prefixes={"query": "query: "}) as embedder:
        query = await embedder.embed(["query: a", "b"], "document")
        assert (await embedder.embed(["a"], "query"))[0].tolist() == query[0].tolist()
        assert embedder.name != embedder_of(service).name


@pytest.mark.parametrize("fault", [BUSY, BROKEN, DROPPED], ids=["429", "503", "dropped"])
async def test_a_request_that_failed_is_made_again(service: FakeEmbeddings, fault: Fault) -> None:
    async with embedder_of(service, dimension=8) as embedder:
        service.fail(fault, fault)

        assert (await embedder.embed(["a"], "document")).shape == (1, 8)
    assert len(service.requests) == 3


async def test_what_fails_too_often_is_said(service: FakeEmbeddings) -> None:
    async with embedder_of(service, dimension=8) as embedder:
        service.fail(*[BUSY] * 3)
        with pytest.raises(TooManyRequests):
            await embedder.embed(["a"], "document")
        service.fail(*[BROKEN] * 3)
        with pytest.raises(Unavailable, match="fails"):
            await embedder.embed(["a"], "document")


async def test_a_service_that_asks_for_a_long_pause_is_not_waited_for(
    service: FakeEmbeddings,
) -> None:
    async with embedder_of(service, dimension=8) as embedder:
        service.fail(Fault(Reply({}, 429, {"retry-after": "3600"})))
        async with asyncio.timeout(10):
            with pytest.raises(TooManyRequests):
                await embedder.embed(["a"], "document")
    assert len(service.requests) == 1


async def test_a_service_that_does_not_answer_is_given_up(service: FakeEmbeddings) -> None:
    async with embedder_of(service, dimension=8, timeout=0.1) as embedder:
        service.fail(*[SLOW] * 3)
        with pytest.raises(Unavailable, match="does not answer"):
            await embedder.embed(["a"], "document")


@pytest.mark.parametrize(
    "answer",
    [
        {"data": []},
        {"data": [{"index": 1, "embedding": [1.0] * 8}]},
        {"data": [{"index": 0, "embedding": [1.0] * 8}] * 2},
        {"data": [{"index": 0, "embedding": [1.0] * 7}]},
        {"data": [{"index": 0, "embedding": []}]},
        {"data": [{"index": 0, "embedding": ["x"] * 8}]},
        {"data": [{"index": 0, "embedding": [None] * 8}]},
        {"data": [{"index": 0, "embedding": [0.0] * 8}]},
        {"data": [{"index": 0}]},
        {"data": None},
        {},
        [],
        None,
    ],
)
async def test_an_answer_that_makes_no_sense_is_refused(
    service: FakeEmbeddings, answer: JsonValue
) -> None:
    async with embedder_of(service, dimension=8) as embedder:
        service.fail(Fault(Reply(answer)))
        with pytest.raises(Unavailable, match="the answer of the embedding service"):
            await embedder.embed(["a"], "document")


async def test_what_the_service_refuses_is_said_with_its_reason(service: FakeEmbeddings) -> None:
    unknown = HttpEmbedder(service.url, "large", SecretStr(service.key), retry=QUICK)
    with pytest.raises(Invalid, match="`large` does not exist"):
        await unknown.embed(["a"], "document")
    stranger = HttpEmbedder(service.url, service.model, SecretStr("wrong-key"), retry=QUICK)
    with pytest.raises(Unavailable, match="refuses the key") as refused:
        await stranger.embed(["a"], "document")
    assert "wrong-key" not in str(refused.value)
    async with embedder_of(service) as embedder:
        with pytest.raises(TooLarge):
            await embedder.embed(["a"] * 10_001, "document")
        service.fail(Fault(Reply({}, 413)))
        with pytest.raises(TooLarge):
            await embedder.embed(["a"], "document")
    for one in (unknown, stranger):
        await one.__aexit__(None, None, None)


async def test_the_dimension_is_known_after_the_first_answer(service: FakeEmbeddings) -> None:
    embedder = embedder_of(service)
    with pytest.raises(Invalid, match="not known yet"):
        _ = embedder.dimension

    async with embedder:
        await embedder.embed(["a"])
        assert embedder.dimension == 8


async def test_a_service_that_is_away_at_the_start_may_come_later(service: FakeEmbeddings) -> None:
    async with embedder_of(service, retry=Retry(attempts=1)) as embedder:
        service.fail(DROPPED)
        with pytest.raises(Unavailable, match="does not answer"):
            await embedder.embed(["a"])
        assert (await embedder.embed(["a"])).shape == (1, 8)


async def test_the_settings_lead_to_the_service(service: FakeEmbeddings) -> None:
    settings = Settings(
        embedder="http",
        embedder_model=service.model,
        embedder_url=f"{service.url}/v1",
        embedder_key=SecretStr(service.key),
    )
    async with open_embedder(settings) as embedder:
        assert (await embedder.embed(["a"], "query")).shape == (1, 8)
        assert (embedder.name, embedder.dimension) == ("http:small", 8)

    with pytest.raises(Invalid, match="no address"):
        async with open_embedder(settings.model_copy(update={"embedder_url": None})):
            pass
