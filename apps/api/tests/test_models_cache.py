"""Answers are kept and given again over HTTP, in either form, and only to whom they belong."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from orchestra.api.testing_models import ServedModels, chat_text, serving_models
from orchestra.gateway.cache.config import CacheSection
from orchestra.gateway.cache.response_cache import ResponseCache
from orchestra.gateway.config import GatewayConfig
from orchestra.gateway.testing.upstream import FaultyUpstream

pytestmark = pytest.mark.requirement("gw.cache")


@pytest.fixture
async def upstream() -> AsyncIterator[FaultyUpstream]:
    async with FaultyUpstream() as upstream:
        yield upstream


@pytest.fixture
async def models(upstream: FaultyUpstream, tmp_path: Path) -> AsyncIterator[ServedModels]:
    providers = {
        name: {"kind": kind, "url": upstream.url, "private": True}
        for name, kind in (("open", "openai"), ("anth", "anthropic"))
    }
    sections = {
        "providers": providers,
        "routes": {
            "r": {"targets": [{"provider": "open"}], "attempts": 1, "stall": 0.5},
            "a": {"targets": [{"provider": "anth"}], "attempts": 1, "stall": 0.5},
        },
        "models": {"*": "r", "ok--claude": "a"},
    }
    config = GatewayConfig.model_validate(sections)
    async with serving_models(config, tmp_path, answers=ResponseCache(CacheSection())) as served:
        yield served


async def test_the_second_client_gets_the_bytes_of_the_first(
    models: ServedModels, upstream: FaultyUpstream
) -> None:
    first = await models.chat("ok", temperature=0)
    second = await models.chat("ok", temperature=0)

    assert first.headers["x-orchestra-cache"] == "miss"
    assert second.headers["x-orchestra-cache"] == "exact"
    assert second.content == first.content
    assert len(upstream.requests) == 1


async def test_a_stream_is_replayed_as_it_was_and_serves_who_wants_a_document(
    models: ServedModels, upstream: FaultyUpstream
) -> None:
    first = await models.chat("ok", stream=True, temperature=0)
    again = await models.chat("ok", stream=True, temperature=0)
    whole = await models.chat("ok", temperature=0)

    assert again.content == first.content
    assert again.headers["content-type"].startswith("text/event-stream")
    assert chat_text(whole) == chat_text(first)
    assert len(upstream.requests) == 1


async def test_anthropics_door_has_the_same_cache(
    models: ServedModels, upstream: FaultyUpstream
) -> None:
    body = {
        "model": "ok--claude",
        "max_tokens": 64,
        "temperature": 0,
        "messages": [{"role": "user", "content": "Say words"}],
    }
    streamed = await models.http.post("/v1/messages", json=body | {"stream": True})
    again = await models.http.post("/v1/messages", json=body | {"stream": True})
    whole = await models.http.post("/v1/messages", json=body)

    assert again.content == streamed.content
    assert whole.headers["x-orchestra-cache"] == "exact"
    assert whole.json()["stop_reason"] == "end_turn"
    assert len(upstream.requests) == 1


@pytest.mark.parametrize(
    "fields", [{"user": "u-2"}, {"seed": 1}, {"temperature": 0.2}, {"top_p": 1}]
)
async def test_a_field_more_or_less_is_another_call(
    models: ServedModels, upstream: FaultyUpstream, fields: dict[str, Any]
) -> None:
    await models.chat("ok", temperature=0)
    other = await models.chat("ok", stream=False, **{"temperature": 0, **fields})

    assert other.headers["x-orchestra-cache"] == "miss"
    assert len(upstream.requests) == 2


async def test_a_stream_that_was_cut_is_asked_for_again(
    models: ServedModels, upstream: FaultyUpstream
) -> None:
    for _ in range(2):
        await models.chat("cut", stream=True, temperature=0)

    assert len(upstream.requests) == 2


async def test_a_way_of_caching_that_does_not_exist_is_an_error_that_names_those_that_do(
    models: ServedModels,
) -> None:
    models.http.headers["x-orchestra-cache"] = "always"
    answer = await models.chat("ok", temperature=0)

    assert answer.status_code == 422
    assert "refresh" in answer.text
