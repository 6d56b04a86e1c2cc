"""The clients that OpenAI and Anthropic publish, unmodified, over providers of either kind."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import anthropic
import openai
import pytest
from orchestra.api.testing_models import KEY, ServedModels, serving_models
from orchestra.gateway.config import GatewayConfig
from orchestra.gateway.testing.upstream import FaultyUpstream

pytestmark = pytest.mark.requirement("gw.doors")

WORDS = "word0 word1 word2 word3 word4 word5 word6 word7 "
over = pytest.mark.parametrize("route", ["openai", "anthropic"])


@pytest.fixture
async def upstream() -> AsyncIterator[FaultyUpstream]:
    async with FaultyUpstream() as upstream:
        yield upstream


@pytest.fixture
async def models(upstream: FaultyUpstream, tmp_path: Path) -> AsyncIterator[ServedModels]:
    kinds = ("openai", "anthropic")
    sections = {
        "providers": {kind: {"kind": kind, "url": upstream.url, "private": True} for kind in kinds},
        "routes": {kind: {"targets": [{"provider": kind, "model": "ok--model"}]} for kind in kinds},
    }
    async with serving_models(GatewayConfig.model_validate(sections), tmp_path) as models:
        yield models


@pytest.fixture
async def ours(models: ServedModels) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(
        base_url=f"{models.url}/v1", api_key=KEY, max_retries=0
    ) as client:
        yield client


@pytest.fixture
async def theirs(models: ServedModels) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with anthropic.AsyncAnthropic(base_url=models.url, api_key=KEY, max_retries=0) as client:
        yield client


@over
async def test_openais_client_chats(ours: openai.AsyncOpenAI, route: str) -> None:
    answer = await ours.chat.completions.create(
        model=route, messages=[{"role": "user", "content": "Say words"}], max_tokens=64
    )

    assert answer.choices[0].message.content == WORDS
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (11, 8)


@over
async def test_openais_client_streams_a_chat(ours: openai.AsyncOpenAI, route: str) -> None:
    stream = await ours.chat.completions.create(
        model=route,
        messages=[{"role": "user", "content": "Say words"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]

    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == WORDS
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 8


@over
async def test_openais_client_gets_no_usage_that_it_did_not_ask_for(
    ours: openai.AsyncOpenAI, models: ServedModels, route: str
) -> None:
    stream = await ours.chat.completions.create(
        model=route, messages=[{"role": "user", "content": "Say words"}], stream=True
    )
    chunks = [chunk async for chunk in stream]
    outcome = await models.booked.outcomes.get()

    assert all(chunk.choices and chunk.usage is None for chunk in chunks)
    assert outcome.usage is not None
    assert outcome.usage.output == 8


@over
async def test_openais_client_asks_for_a_response(ours: openai.AsyncOpenAI, route: str) -> None:
    answer = await ours.responses.create(model=route, input="Say words")
    stream = await ours.responses.create(model=route, input="Say words", stream=True)
    events = [event async for event in stream]

    assert answer.output_text == WORDS
    assert "".join(e.delta for e in events if e.type == "response.output_text.delta") == WORDS
    assert events[-1].type == "response.completed"


async def test_openais_client_embeds_and_lists(ours: openai.AsyncOpenAI) -> None:
    vectors = await ours.embeddings.create(model="openai", input="text", encoding_format="float")
    names = [model.id async for model in ours.models.list()]

    assert vectors.data[0].embedding == [0.25, -0.5, 1.0]
    assert {"openai", "anthropic"} <= set(names)
    assert (await ours.models.retrieve("openai")).id == "openai"


@over
async def test_anthropics_client_sends_a_message(
    theirs: anthropic.AsyncAnthropic, route: str
) -> None:
    answer = await theirs.messages.create(
        model=route, max_tokens=64, messages=[{"role": "user", "content": "Say words"}]
    )

    assert answer.content[0].type == "text"
    assert answer.content[0].text == WORDS
    assert (answer.stop_reason, answer.usage.output_tokens) == ("end_turn", 8)


@over
async def test_anthropics_client_streams_a_message(
    theirs: anthropic.AsyncAnthropic, route: str
) -> None:
    async with theirs.messages.stream(
        model=route, max_tokens=64, messages=[{"role": "user", "content": "Say words"}]
    ) as stream:
        text = "".join([piece async for piece in stream.text_stream])
        final = await stream.get_final_message()

    assert text == WORDS
    assert (final.stop_reason, final.usage.output_tokens) == ("end_turn", 8)


@over
async def test_anthropics_client_counts_and_lists(
    theirs: anthropic.AsyncAnthropic, route: str
) -> None:
    count = await theirs.messages.count_tokens(
        model=route, messages=[{"role": "user", "content": "Say words"}]
    )
    names = [model.id async for model in theirs.models.list()]

    assert count.input_tokens > 0
    assert route in names


@over
async def test_both_clients_know_our_errors_for_their_own(
    ours: openai.AsyncOpenAI, theirs: anthropic.AsyncAnthropic, route: str
) -> None:
    with pytest.raises(openai.NotFoundError, match="no route answers"):
        await ours.chat.completions.create(model="nobody", messages=[])
    with pytest.raises(anthropic.NotFoundError, match="no route answers"):
        await theirs.messages.create(model="nobody", max_tokens=1, messages=[])
    with pytest.raises(openai.AuthenticationError):
        await ours.with_options(api_key="orc_wrong").models.retrieve(route)


@pytest.mark.parametrize("fault", ["context", "400"])
async def test_a_refusal_in_the_other_dialect_is_put_into_the_doors_words(
    upstream: FaultyUpstream,
    ours: openai.AsyncOpenAI,
    theirs: anthropic.AsyncAnthropic,
    fault: Literal["context", "400"],
) -> None:
    upstream.fail(fault, fault)
    words = {"context": "prompt is too long", "400": "must be at most 2"}[fault]
    with pytest.raises(openai.BadRequestError, match=words):
        await ours.chat.completions.create(
            model="anthropic", messages=[{"role": "user", "content": "x"}]
        )
    with pytest.raises(anthropic.BadRequestError, match=words):
        await theirs.messages.create(
            model="openai", max_tokens=1, messages=[{"role": "user", "content": "x"}]
        )


@over
async def test_both_clients_notice_that_a_stream_broke_off(
    upstream: FaultyUpstream,
    ours: openai.AsyncOpenAI,
    theirs: anthropic.AsyncAnthropic,
    route: str,
) -> None:
    upstream.fail("cut", "cut")
    with pytest.raises(openai.APIError, match="broke off"):
        async for _ in await ours.chat.completions.create(
            model=route, messages=[{"role": "user", "content": "x"}], stream=True
        ):
            pass
    with pytest.raises(anthropic.APIStatusError, match="broke off"):
        async with theirs.messages.stream(
            model=route, max_tokens=64, messages=[{"role": "user", "content": "x"}]
        ) as stream:
            await stream.get_final_message()
