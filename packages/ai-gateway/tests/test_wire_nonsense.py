"""Nothing that a client or a provider sends does more to a translator than be refused."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from orchestra.gateway.calls import Endpoint
from orchestra.gateway.wire import Unreadable, count_tokens, translator
from orchestra.shared.errors import Invalid
from orchestra.shared.json import JsonObject, JsonValue

GOLDEN = [
    json.loads(file.read_text())
    for file in sorted((Path(__file__).parent / "golden").glob("*.json"))
]
"""Requests with everything in them that is known."""

PAIRS: list[tuple[Endpoint, str]] = [(one["door"], one["dialect"]) for one in GOLDEN]
ANSWERED = [pair for pair in PAIRS if pair[0] != "embeddings"]
ODD: list[JsonValue] = [None, True, -1, 0.5, "odd", "", [], {}, [[]], [3], {"type": []},
                        {"type": "function"}, [{"type": {}}], ["a", None]]  # fmt: skip


def places(value: JsonValue, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in a document."""
    inner: list[tuple[str | int, JsonValue]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [place for key, one in inner for place in [(*path, key), *places(one, (*path, key))]]


def changed(value: JsonValue, at: tuple[str | int, ...], new: JsonValue) -> JsonValue:
    if not at:
        return new
    if isinstance(value, dict):
        return {k: changed(v, at[1:], new) if k == at[0] else v for k, v in value.items()}
    assert isinstance(value, list)
    return [changed(v, at[1:], new) if k == at[0] else v for k, v in enumerate(value)]


relaxed = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda one: f"{one['door']}-{one['dialect']}")
def test_no_member_that_is_odd_does_more_than_be_refused(golden: dict[str, Any]) -> None:
    for at in places(golden["asked"]):
        if len(at) <= 2:
            for new in ODD:
                found = translator(golden["door"], golden["dialect"])
                assert found is not None
                body = json.dumps(changed(golden["asked"], at, new)).encode()
                with contextlib.suppress(Invalid):
                    found.request(body, "claude-sonnet-5")
                    found.stream().finish()


@st.composite
def requests(draw: st.DrawFn) -> tuple[Endpoint, str, bytes]:
    """A good request in which a thing or two is odd, and some are missing."""
    golden = draw(st.sampled_from(GOLDEN))
    request: JsonValue = golden["asked"]
    for _ in range(draw(st.integers(1, 2))):
        request = changed(
            request, draw(st.sampled_from(places(request))), draw(st.sampled_from(ODD))
        )
    assert isinstance(request, dict)
    without = draw(st.sets(st.sampled_from(sorted(request)), max_size=3))
    body = json.dumps({k: v for k, v in request.items() if k not in without}).encode()
    return golden["door"], golden["dialect"], body


@relaxed
@given(requests())
def test_a_request_is_translated_or_refused(request_: tuple[Endpoint, str, bytes]) -> None:
    door, dialect, body = request_
    found = translator(door, dialect)
    assert found is not None
    try:
        json.loads(found.request(body, "claude-sonnet-5"))
    except Invalid:
        return
    found.stream().finish()
    count_tokens(body)


ANSWER: JsonObject = {
    "id": "a", "model": "m", "type": "message", "role": "assistant", "stop_reason": "end_turn",
    "content": [{"type": "text", "text": "a"}, {"type": "tool_use", "id": "c", "name": "f",
                 "input": {}}, {"type": "thinking", "thinking": "t", "signature": "s"}],
    "choices": [{"index": 0, "message": {"content": "a", "tool_calls": [
        {"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}]},
        "delta": {"content": "a", "reasoning_details": [{"text": "t"}], "tool_calls": [
            {"index": 0, "id": "c", "function": {"name": "f", "arguments": "{"}},
            {"index": 1, "id": "d", "function": {"name": "g", "arguments": "{}"}}]},
        "finish_reason": "stop"}],
    "message": {"id": "a", "usage": {"input_tokens": 1}},
    "content_block": {"type": "tool_use", "id": "c", "name": "f", "input": {}},
    "delta": {"type": "text_delta", "text": "a", "partial_json": "{", "stop_reason": "tool_use"},
    "usage": {"input_tokens": 3, "prompt_tokens": 3},
}  # fmt: skip
TYPES = ["message_start", "content_block_start", "content_block_delta", "content_block_stop",
         "message_delta", "message_stop", "ping", "x"]  # fmt: skip


@relaxed
@given(
    st.sampled_from(ANSWERED),
    st.lists(
        st.tuples(
            st.sampled_from(TYPES),
            st.sampled_from([(), *places(ANSWER)]),
            st.sampled_from(ODD),
        ),
        min_size=1,
        max_size=5,
    ),
)
def test_an_answer_is_translated_or_unreadable(
    pair: tuple[Endpoint, str], events: list[tuple[str, tuple[str | int, ...], JsonValue]]
) -> None:
    found = translator(*pair)
    assert found is not None
    documents: list[JsonValue] = []
    for kind, at, new in events:
        document = changed(ANSWER, at, new)
        documents.append(document | {"type": kind} if isinstance(document, dict) else document)
    stream = found.stream()

    try:
        for document in documents:
            stream.feed(b"data: " + json.dumps(document).encode() + b"\n\n")
        stream.finish()
    except Unreadable:
        stream.fail("unreadable")
    for document in documents:
        with contextlib.suppress(Unreadable):
            json.loads(found.response(json.dumps(document).encode()))


@pytest.mark.parametrize("pair", PAIRS)
def test_a_request_nested_as_deep_as_it_goes_is_translated_or_refused(
    pair: tuple[Endpoint, str],
) -> None:
    found = translator(*pair)
    assert found is not None
    for depth in (100, 900, 5000):
        deep = b"[" * depth + b"]" * depth
        for name in (b"messages", b"input", b"tools", b"metadata", b"output_config", b"x"):
            with contextlib.suppress(Invalid):
                found.request(b'{"%s": %s}' % (name, deep), "m")
