"""What an answer used and how it ended is read out of every dialect, whole or in pieces."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from orchestra.gateway.calls import Endpoint, Finish, Usage
from orchestra.gateway.wire import Meter, Reading, usage_of_json
from orchestra.shared.json import JsonObject, JsonValue

CHAT_USAGE: JsonObject = {
    "prompt_tokens": 50,
    "completion_tokens": 20,
    "total_tokens": 70,
    "prompt_tokens_details": {"cached_tokens": 30, "cache_write_tokens": 5},
    "completion_tokens_details": {"reasoning_tokens": 8},
    "cost": 0.00014,
}
ROUTER = Usage(input=50, cached=30, cache_written=5, output=20, reasoning=8, cost=140_000)
RESPONSE_USAGE: JsonObject = {
    "input_tokens": 50,
    "input_tokens_details": {"cached_tokens": 30},
    "output_tokens": 20,
    "output_tokens_details": {"reasoning_tokens": 8},
}
RESPONSES = Usage(input=50, cached=30, output=20, reasoning=8)
COHERE_USAGE: JsonObject = {
    "billed_units": {"input_tokens": 9, "output_tokens": 4},
    "tokens": {"input_tokens": 70, "output_tokens": 6},
}
CLAUDE_USAGE: JsonObject = {
    "input_tokens": 5,
    "cache_read_input_tokens": 30,
    "cache_creation_input_tokens": 15,
    "output_tokens": 20,
}
CLAUDE = Usage(input=50, cached=30, cache_written=15, output=20)


def sse(*events: JsonObject, end: str = "") -> bytes:
    named = "".join(
        (f"event: {event['type']}\n" if "type" in event else "")
        + f"data: {json.dumps(event, separators=(',', ':'))}\n\n"
        for event in events
    )
    return (named + end).encode()


def chunk(delta: JsonValue, finish: str | None = None, **more: JsonValue) -> JsonObject:
    return {"model": "m", "choices": [{"delta": delta, "finish_reason": finish}], **more}


CHAT = sse(
    chunk({"role": "assistant", "content": ""}),
    *[chunk({"content": 'a "usage":{ in a text'}) for _ in range(5)],
    chunk({}, "stop"),
    {"model": "m", "choices": [], "usage": CHAT_USAGE},
    end=": a comment\n\ndata: [DONE]\n\n",
)
MESSAGES = sse(
    {
        "type": "message_start",
        "message": {"model": "m", "usage": CLAUDE_USAGE | {"output_tokens": 1}},
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "a"}},
    {"type": "content_block_stop", "index": 0},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "tool_use"},
        "usage": {"output_tokens": 20, "input_tokens": None},
    },
    {"type": "message_stop"},
)
RESPONSE = sse(
    {"type": "response.created", "response": {"model": "m", "status": "in_progress"}},
    {"type": "response.output_item.added", "item": {"type": "message"}},
    {"type": "response.output_text.delta", "delta": "a"},
    {
        "type": "response.completed",
        "response": {
            "model": "m",
            "status": "completed",
            "output": [{"type": "function_call"}],
            "usage": RESPONSE_USAGE,
        },
    },
)
COHERE = sse(
    {"type": "message-start", "id": "1", "delta": {"message": {"role": "assistant"}}},
    {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "a"}}}},
    {"type": "message-end", "delta": {"finish_reason": "MAX_TOKENS", "usage": COHERE_USAGE}},
)
STREAMS: list[tuple[str, Endpoint, bytes, Reading]] = [
    ("openai", "chat", CHAT, Reading(ROUTER, "stop", "m")),
    ("openai", "messages", CHAT, Reading(ROUTER, "stop", "m")),
    ("openai-chat", "responses", CHAT, Reading(ROUTER, "stop", "m")),
    ("anthropic", "messages", MESSAGES, Reading(CLAUDE, "tool_calls", "m")),
    ("anthropic", "chat", MESSAGES, Reading(CLAUDE, "tool_calls", "m")),
    ("openai", "responses", RESPONSE, Reading(RESPONSES, "tool_calls", "m")),
    ("cohere", "chat", COHERE, Reading(Usage(input=9, output=4), "length", None)),
]


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(STREAMS), st.lists(st.integers(0, 5000), max_size=30))
def test_any_cutting_of_a_stream_gives_the_same_reading(
    case: tuple[str, Endpoint, bytes, Reading], at: list[int]
) -> None:
    dialect, endpoint, data, expected = case
    meter = Meter(dialect, endpoint)
    places = sorted({place % len(data) for place in at})

    for a, b in zip([0, *places], [*places, len(data)], strict=True):
        meter.feed(data[a:b])

    assert meter.reading == expected
    assert (meter.text_started, meter.done, meter.damaged) == (True, True, 0)


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(STREAMS), st.integers(0, 5000))
def test_a_stream_that_was_cut_is_never_done(
    case: tuple[str, Endpoint, bytes, Reading], at: int
) -> None:
    dialect, endpoint, data, _ = case
    meter = Meter(dialect, endpoint)

    meter.feed(data[: at % (len(data) - 1)])

    assert not meter.done


def test_an_end_that_comes_with_more_text_in_one_piece_is_seen() -> None:
    meter = Meter("openai", "chat")
    meter.feed(sse(chunk({"content": "a"})))

    meter.feed(sse(chunk({"content": "b"}), chunk({"content": "c"}, "length")))

    assert meter.finish == "length"


def test_spaces_in_the_json_hide_nothing() -> None:
    meter = Meter("openai", "chat")
    for event in (chunk({"content": "a"}), chunk({}, "stop", usage={"prompt_tokens": 3})):
        meter.feed(f"data: {json.dumps(event, indent=1)}".replace("\n", "\ndata:").encode())
        meter.feed(b"\n\n")

    assert (meter.finish, meter.usage) == ("stop", Usage(input=3))


@pytest.mark.parametrize(
    ("dialect", "endpoint", "event", "words"),
    [
        ("openai", "chat", {"error": {"message": "overloaded", "code": 502}}, "overloaded"),
        ("openai", "chat", chunk({}, "error", error={"code": "busy"}), "busy"),
        (
            "anthropic",
            "messages",
            {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
            "Overloaded",
        ),
        ("openai", "responses", {"type": "error", "message": "no"}, "no"),
        (
            "openai",
            "responses",
            {
                "type": "response.failed",
                "response": {"status": "failed", "error": {"message": "f"}},
            },
            "f",
        ),
        ("openai", "chat", {"error": True}, "unknown"),
    ],
)
def test_an_error_inside_a_stream_is_read(
    dialect: str, endpoint: Endpoint, event: JsonObject, words: str
) -> None:
    meter = Meter(dialect, endpoint)
    meter.feed(sse(chunk({"content": "a"}) if dialect == "openai" else {"type": "ping"}))

    meter.feed(sse(event))

    assert meter.error == words


def test_events_that_are_no_json_are_counted_and_the_rest_is_read() -> None:
    meter = Meter("openai", "chat")

    meter.feed(b'data: {"model": \n\ndata: \xff\n\ndata: [[[\n\n' + CHAT)

    assert meter.damaged == 3
    assert meter.reading == Reading(ROUTER, "stop", "m")


@pytest.mark.parametrize(
    ("reason", "finish"),
    [("stop", "stop"), ("content_filter", "content_filter"), ("whatever", "stop")],
)
def test_a_chat_completion_is_read(reason: str, finish: Finish) -> None:
    body = {"model": "m", "choices": [{"finish_reason": reason}], "usage": CHAT_USAGE}

    read = usage_of_json("openai", "chat", json.dumps(body).encode())

    assert read == Reading(ROUTER, finish, "m")


@pytest.mark.parametrize(
    ("dialect", "endpoint", "body", "expected"),
    [
        (
            "anthropic",
            "chat",
            {"model": "m", "stop_reason": "refusal", "usage": CLAUDE_USAGE},
            Reading(CLAUDE, "content_filter", "m"),
        ),
        (
            "openai",
            "responses",
            {
                "model": "m",
                "status": "incomplete",
                "incomplete_details": {"reason": "max_output_tokens"},
                "usage": RESPONSE_USAGE,
            },
            Reading(RESPONSES, "length", "m"),
        ),
        (
            "openai",
            "embeddings",
            {"model": "m", "data": [], "usage": {"prompt_tokens": 4, "total_tokens": 4}},
            Reading(Usage(input=4), None, "m"),
        ),
        (
            "cohere",
            "chat",
            {"finish_reason": "TOOL_CALL", "message": {}, "usage": COHERE_USAGE},
            Reading(Usage(input=9, output=4), "tool_calls", None),
        ),
        ("anthropic", "count_tokens", {"input_tokens": 4}, Reading()),
    ],
)
def test_whole_answers_are_read(
    dialect: str, endpoint: Endpoint, body: JsonObject, expected: Reading
) -> None:
    assert usage_of_json(dialect, endpoint, json.dumps(body).encode()) == expected


def test_with_a_key_of_ones_own_the_provider_is_paid_besides_the_fee() -> None:
    usage = {"cost": 0.001, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.02}}

    read = usage_of_json("openai", "chat", json.dumps({"usage": usage}).encode())

    assert read.usage == Usage(cost=21_000_000)


NAMES = ["usage", "choices", "delta", "type", "error", "cost", "response", "message", "model"]
NONSENSE: st.SearchStrategy[JsonValue] = st.recursive(
    st.sampled_from([None, True, -1, 0.5, "stop", "message_delta", "response.completed", [], {}]),
    lambda some: st.lists(some, max_size=2) | st.dictionaries(st.sampled_from(NAMES), some),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=50) | NONSENSE.map(lambda value: json.dumps(value).encode()))
def test_nothing_that_a_provider_sends_breaks_the_reading(body: bytes) -> None:
    for dialect, endpoint, _, _ in STREAMS:
        usage_of_json(dialect, endpoint, body)
        Meter(dialect, endpoint).feed(b"data: " + body + b"\n\n")


@pytest.mark.parametrize("count", [-1, 1e300, 10**400, "7", True, None, [], {}])
def test_a_count_that_is_none_is_not_counted(count: object) -> None:
    body = {"usage": {"prompt_tokens": count, "completion_tokens": 2, "cost": count}}
    read = usage_of_json("openai", "chat", json.dumps(body).encode())

    assert read.usage in (Usage(output=2), None)
