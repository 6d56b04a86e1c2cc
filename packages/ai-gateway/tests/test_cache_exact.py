"""The same request gets the same answer, and no other request does."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from orchestra.gateway.cache.asked import Place, asked
from orchestra.gateway.cache.config import CacheSection
from orchestra.gateway.cache.memory import Kept, Memory
from orchestra.gateway.cache.response_cache import ResponseCache
from orchestra.gateway.calls import Answer, Finish, ModelCall
from orchestra.gateway.testing.cache_calls import PLAN, answer, caller, chat, completion, stream_of
from orchestra.shared.errors import Invalid


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def kept(cache: ResponseCache, call: ModelCall, told: Answer | None = None) -> None:
    assert await cache.find(call, PLAN) is None
    cache.keep(call, told or answer())


async def is_hit(cache: ResponseCache, call: ModelCall) -> bool:
    return await cache.find(replace(call, id="again"), PLAN) is not None


@pytest.mark.requirement("gw.cache")
async def test_the_second_time_the_same_bytes_come_back() -> None:
    cache = ResponseCache(CacheSection())
    await kept(cache, chat())

    hit = await cache.find(chat(id="c-2"), PLAN)

    assert hit is not None
    assert (hit.kind, hit.answer.body) == ("exact", answer().body)
    assert (await cache.figures()).saved == 70


OTHERS: dict[str, ModelCall] = {
    "another prompt": chat("What is a lease"),
    "another system prompt": chat(system="Be long."),
    "another principal": chat(who=caller("p-2", "bob")),
    "another model": chat(model="large"),
    "another temperature": chat(temperature=0.1),
    "another seed": chat(seed=7),
    "another user": chat(user="u-2"),
    "a field that nobody knows": chat(frobnicate=True),
    "another format of the answer": chat(response_format={"type": "json_object"}),
    "another repository": chat(headers={"x-orchestra-repository": "other"}),
    "another commit": chat(headers={"x-orchestra-commit": "b" * 40}),
    "another class of work": chat(headers={"x-orchestra-class": "edit"}),
    "another beta": chat(headers={"anthropic-beta": "context-1m"}),
    "another door": chat(endpoint="messages"),
    "a message more": chat(
        messages=[
            {"role": "system", "content": "Be short."},
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "Hi"},
            {"role": "user", "content": "What is a lease?"},
        ]
    ),
}


@pytest.mark.requirement("gw.cache")
@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
async def test_no_other_call_gets_the_answer(other: ModelCall) -> None:
    cache = ResponseCache(CacheSection())
    await kept(cache, chat())

    assert not await is_hit(cache, other)
    assert await is_hit(cache, chat())


FIELDS = st.fixed_dictionaries(
    {"principal": st.sampled_from(["p-1", "p-2"]), "prompt": st.text(max_size=6)},
    optional={
        "model": st.sampled_from(["a", "ab"]),
        "system": st.text(max_size=3),
        "user": st.text(max_size=3),
        "top_p": st.sampled_from([0.1, 1]),
        "stop": st.lists(st.text(max_size=2), max_size=2),
        "x-orchestra-repository": st.sampled_from(["r", "rc"]),
        "x-orchestra-commit": st.sampled_from(["c", "d"]),
        "x-orchestra-class": st.sampled_from(["edit", "plan"]),
    },
)


@pytest.mark.requirement("gw.cache")
@given(FIELDS, FIELDS)
def test_two_calls_share_a_key_only_if_all_that_counts_is_equal(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    a, b = (key_of(dict(fields)) for fields in (one, other))
    assert (a == b) == (one == other)


def key_of(fields: dict[str, Any]) -> bytes:
    who = caller(fields.pop("principal"))
    headers = {name: fields.pop(name) for name in sorted(fields) if name.startswith("x-")}
    call = chat(fields.pop("prompt"), who=who, headers=headers, **fields)
    found = asked(call, Place(), CacheSection(), explicit=False, likeness=False)
    assert found is not None
    return found.key


@pytest.mark.requirement("gw.cache")
async def test_a_group_shares_and_nobody_else_joins_it() -> None:
    cache = ResponseCache(CacheSection(groups={"team": ("ada", "bob")}))
    await kept(cache, chat())

    assert await is_hit(cache, chat(who=caller("p-2", "bob")))
    assert not await is_hit(cache, chat(who=caller("p-3", "eve")))


@pytest.mark.requirement("gw.cache")
async def test_a_new_commit_is_another_question() -> None:
    place = [Place("repo", "a" * 40)]
    cache = ResponseCache(CacheSection(), place=lambda: place[0])
    await kept(cache, chat())
    place[0] = Place("repo", "b" * 40)

    assert not await is_hit(cache, chat())


@pytest.mark.requirement("gw.cache")
@pytest.mark.parametrize(
    ("finish", "document"),
    [
        ("length", completion(finish="length")),
        ("stop", completion(finish="length")),
        ("stop", completion(finish="tool_calls")),
        ("content_filter", completion()),
        ("error", completion()),
        ("cancelled", completion()),
        ("stop", completion("")),
        ("stop", {"error": {"message": "no"}}),
        ("stop", {"choices": []}),
        ("stop", b"{"),
        ("stop", b"[]"),
        ("stop", b"\xff"),
    ],
)
async def test_an_answer_that_is_not_whole_is_not_kept(
    finish: Finish, document: dict[str, Any] | bytes
) -> None:
    cache = ResponseCache(CacheSection())
    await kept(cache, chat(), answer(document, finish=finish))

    assert not await is_hit(cache, chat())


@pytest.mark.requirement("gw.cache")
async def test_an_answer_that_calls_a_tool_is_not_kept() -> None:
    cache = ResponseCache(CacheSection())
    document = completion()
    document["choices"][0]["message"]["tool_calls"] = [{"id": "t", "type": "function"}]
    await kept(cache, chat(), answer(document))

    assert not await is_hit(cache, chat())


@pytest.mark.requirement("gw.cache")
@pytest.mark.parametrize(
    "call",
    [
        chat(temperature=0.7),
        chat(temperature=None),
        chat(tools=[{"type": "function"}]),
        chat(web_search_options={}),
        chat(plugins=[{"id": "web"}]),
        chat(previous_response_id="r"),
        chat(headers={"x-orchestra-cache": "off"}),
        chat(endpoint="count_tokens"),
    ],
)
async def test_what_may_come_out_otherwise_is_not_kept(call: ModelCall) -> None:
    cache = ResponseCache(CacheSection())
    await kept(cache, call)

    assert not await is_hit(cache, call)


@pytest.mark.parametrize("call", [chat(temperature=0.7), chat(tools=[{"type": "function"}])])
async def test_a_client_may_ask_for_it_all_the_same(call: ModelCall) -> None:
    cache = ResponseCache(CacheSection())
    call = replace(call, headers={"x-orchestra-cache": "exact"})
    await kept(cache, call)

    assert await is_hit(cache, call)


async def test_refresh_asks_the_model_and_keeps_what_it_says() -> None:
    cache = ResponseCache(CacheSection())
    await kept(cache, chat())
    again = chat(id="c-2", headers={"x-orchestra-cache": "refresh"})
    await kept(cache, again, answer(completion("New.")))

    hit = await cache.find(chat(id="c-3"), PLAN)
    assert hit is not None
    assert b"New." in hit.answer.body


async def test_a_header_that_is_no_way_of_caching_says_what_is() -> None:
    with pytest.raises(Invalid, match=r"`always`[^$]*refresh"):
        await ResponseCache(CacheSection()).find(
            chat(headers={"x-orchestra-cache": "always"}), PLAN
        )


@pytest.mark.requirement("gw.cache")
async def test_a_target_that_the_plan_has_lost_answers_no_more() -> None:
    cache = ResponseCache(CacheSection())
    await kept(cache, chat())

    assert await cache.find(chat(id="c-2"), PLAN[1:]) is None


@pytest.mark.requirement("gw.cache")
async def test_an_answer_asked_for_before_the_cache_was_cleared_is_not_kept() -> None:
    cache = ResponseCache(CacheSection())
    await cache.find(chat(), PLAN)
    await cache.clear()
    cache.keep(chat(), answer())

    assert not await is_hit(cache, chat())


async def test_an_answer_ends_with_its_time() -> None:
    clock = Clock()
    cache = ResponseCache(CacheSection(ttl=60), now=clock)
    await kept(cache, chat())
    clock.now += 59
    assert await is_hit(cache, chat())
    clock.now += 1
    assert not await is_hit(cache, chat())


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 3_000)), max_size=40))
def test_memory_never_holds_more_than_it_may(steps: list[tuple[int, int]]) -> None:
    memory = Memory(5_000, lambda: 0.0)
    for key, size in steps:
        told = Answer(b"x" * size, False, "m", "p", None, "stop")
        memory.put(Kept(bytes([key]), told, "chat", 1.0, "t"))
        assert memory.bytes == sum(one.size for one in memory.values()) <= 5_000


WORDS = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters=" "), min_size=1), min_size=1
).map(" ".join)


@pytest.mark.requirement("gw.cache")
@settings(max_examples=20)
@given(WORDS, st.booleans())
async def test_a_stream_comes_back_as_it_was_kept(text: str, usage: bool) -> None:
    cache = ResponseCache(CacheSection())
    options: dict[str, Any] = {"stream_options": {"include_usage": True}} if usage else {}
    call = chat(stream=True, **options)
    await kept(cache, call, answer(stream_of(text, usage=usage), stream=True))

    hit = await cache.find(replace(call, id="c-2"), PLAN)

    assert hit is not None
    assert hit.answer.body == stream_of(text, usage=usage)


@pytest.mark.requirement("gw.cache")
@settings(max_examples=20)
@given(WORDS)
async def test_a_stream_and_a_document_answer_for_each_other(text: str) -> None:
    streamed, whole = ResponseCache(CacheSection()), ResponseCache(CacheSection())
    await kept(streamed, chat(stream=True), answer(stream_of(text), stream=True))
    await kept(whole, chat(), answer(completion(text)))

    document = await streamed.find(chat(id="c-2"), PLAN)
    events = await whole.find(chat(id="c-2", stream=True), PLAN)

    assert document is not None
    assert json.loads(document.answer.body) == completion(text)
    assert events is not None
    again = ResponseCache(CacheSection())
    await kept(again, chat(stream=True), answer(events.answer.body, stream=True))
    back = await again.find(chat(id="c-2"), PLAN)
    assert back is not None
    assert json.loads(back.answer.body) == completion(text)


async def test_a_stream_ends_with_the_usage_only_where_it_is_asked_for() -> None:
    cache = ResponseCache(CacheSection())
    prompt = "What does include_usage do?"
    await kept(cache, chat(prompt, stream=True), answer(stream_of("It counts."), stream=True))
    plain = await cache.find(chat(prompt, id="c-2", stream=True), PLAN)
    counted = await cache.find(
        chat(prompt, id="c-3", stream=True, stream_options={"include_usage": True}), PLAN
    )

    assert plain is not None
    assert counted is not None
    assert b"total_tokens" not in plain.answer.body
    assert b'"total_tokens":14' in counted.answer.body


@pytest.mark.parametrize(
    "body",
    [
        stream_of("cut off", end=False),
        stream_of("in the middle")[:-20],
        stream_of("an error").replace(b"[DONE]", b'{"error":{"message":"no"}}'),
        b"",
    ],
)
async def test_a_stream_that_broke_off_is_not_kept(body: bytes) -> None:
    cache = ResponseCache(CacheSection())
    await kept(cache, chat(stream=True), answer(body, stream=True))

    assert not await is_hit(cache, chat(stream=True))
