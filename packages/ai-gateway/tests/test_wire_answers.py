"""Answers in the words of another door: the same text, calls and usage, however the stream was cut."""

import json
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from orchestra.gateway.calls import Endpoint, Finish, Usage
from orchestra.gateway.wire import EventSplitter, Meter, Unreadable, translator
from orchestra.gateway.wire.chat_reader import ChatReader, chat_whole
from orchestra.gateway.wire.chat_writer import ChatWriter
from orchestra.gateway.wire.messages_reader import MessagesReader, messages_whole
from orchestra.gateway.wire.messages_writer import MessagesWriter
from orchestra.gateway.wire.parts import (
    Begin,
    End,
    Part,
    Reasoning,
    Text,
    Tool,
    ToolBegin,
    ToolDelta,
    Whole,
)
from orchestra.gateway.wire.translator import Translator
from orchestra.shared.json import JsonObject

PAIRS: list[tuple[Endpoint, str]] = [
    ("chat", "anthropic"),
    ("messages", "openai"),
    ("responses", "openai-chat"),
    ("responses", "anthropic"),
]
REQUESTS: dict[Endpoint, JsonObject] = {
    "chat": {"messages": [{"role": "user", "content": "Hi"}], "stream": True,
             "stream_options": {"include_usage": True}},
    "messages": {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 9, "stream": True},
    "responses": {"input": "Hi", "stream": True,
                  "tools": [{"type": "custom", "name": "patch"}]},
}  # fmt: skip


def opened(door: Endpoint, dialect: str) -> Translator:
    """A translator that has seen the request."""
    found = translator(door, dialect, created=7)
    assert found is not None
    found.request(json.dumps(REQUESTS[door]).encode(), "m")
    return found


class Answer(NamedTuple):
    """What a client makes of an answer."""

    text: str
    tools: list[tuple[str, str, object]]
    finish: Finish | None
    usage: Usage | None


words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
arguments = st.dictionaries(words, words | st.integers(-9, 9), max_size=2).map(json.dumps)
names = st.sampled_from(["weather", "now", "mcp__docs__get"])


@st.composite
def answers(draw: st.DrawFn) -> Whole:
    content: list[Text | Reasoning | Tool] = [
        Text(text) for text in draw(st.lists(words, max_size=3))
    ]
    calls = draw(st.lists(st.tuples(names, arguments), max_size=3))
    content += [Tool(f"id{at}", *call) for at, call in enumerate(calls)]
    finish: Finish = draw(st.sampled_from(["stop", "length", "content_filter"]))
    count = st.integers(0, 99)
    usage = Usage(input=draw(count) + 200, cached=draw(count), output=draw(count))
    return Whole("x1", "m", "tool_calls" if calls else finish, usage, content)


def parts_of(answer: Whole) -> list[Part]:
    parts: list[Part] = [Begin(answer.id, answer.model)]
    for part in answer.content:
        if isinstance(part, Tool):
            parts += [ToolBegin(part.id, part.name)]
            parts += [ToolDelta(part.arguments[:3]), ToolDelta(part.arguments[3:])]
        else:
            parts.append(part)
    return [*parts, End(answer.finish, answer.usage)]


def meant(answer: Whole) -> Answer:
    calls = [(tool.id, tool.name, json.loads(tool.arguments)) for tool in answer.tools]
    return Answer(answer.text, calls, answer.finish, answer.usage)


def provider_stream(dialect: str, answer: Whole) -> bytes:
    """What a provider would send."""
    writer = MessagesWriter("m") if dialect == "anthropic" else ChatWriter("m", 7, with_usage=True)
    return b"".join(writer.write(part) for part in parts_of(answer))


def told(door: Endpoint, stream: bytes) -> Answer:
    """What the door's own format says, read by a reader of that format."""
    if door == "responses":
        events = [json.loads(event.data) for event in EventSplitter().feed(stream)]
        last = events[-1]
        return response_answer(last["response"])
    reader = ChatReader() if door == "chat" else MessagesReader()
    parts = [*reader.feed(stream), *reader.finish()]
    text = "".join(part.text for part in parts if isinstance(part, Text))
    tools: list[tuple[str, str, str]] = []
    for part in parts:
        if isinstance(part, ToolBegin):
            tools.append((part.id, part.name, ""))
        elif isinstance(part, ToolDelta):
            tools[-1] = (*tools[-1][:2], tools[-1][2] + part.text)
    end = parts[-1]
    assert isinstance(end, End), end
    calls = [(call, name, json.loads(given or "{}")) for call, name, given in tools]
    return Answer(text, calls, end.finish, end.usage)


def response_answer(response: dict[str, object]) -> Answer:
    meter = Meter("openai", "responses")
    event = {"type": f"response.{response['status']}", "response": response}
    meter.feed(b"data: " + json.dumps(event).encode() + b"\n\n")
    text, calls = "", []
    output = response["output"]
    assert isinstance(output, list)
    for item in output:
        if item["type"] == "message":
            text += "".join(part["text"] for part in item["content"])
        else:
            calls.append((item["call_id"], item["name"], json.loads(item["arguments"])))
    return Answer(text, calls, meter.finish, meter.usage)


def pieces(data: bytes, at: list[int]) -> list[bytes]:
    places = sorted({place % (len(data) + 1) for place in at})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(PAIRS), answers(), st.lists(st.integers(0, 9999), max_size=20))
def test_a_stream_says_the_same_at_the_other_door_however_it_was_cut(
    pair: tuple[Endpoint, str], answer: Whole, at: list[int]
) -> None:
    door, dialect = pair
    data = provider_stream(dialect, answer)
    whole = opened(door, dialect).stream()
    stream = opened(door, dialect).stream()

    written = b"".join(stream.feed(piece) for piece in pieces(data, at)) + stream.finish()

    assert written == whole.feed(data) + whole.finish()
    assert told(door, written) == meant(answer)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(PAIRS), answers(), st.integers(1, 9999))
def test_a_stream_that_was_cut_never_looks_complete(
    pair: tuple[Endpoint, str], answer: Whole, at: int
) -> None:
    door, dialect = pair
    data = provider_stream(dialect, answer)
    meter = Meter(dialect, door)
    stream = opened(door, dialect).stream()
    piece = data[: at % len(data)]
    meter.feed(piece)

    written = stream.feed(piece) + stream.finish()

    client = Meter("openai" if door != "messages" else "anthropic", door)
    client.feed(written)
    if meter.finish is None:
        assert client.error
        assert not client.finish or client.finish == "error"
        assert b"[DONE]" not in written
        assert b"message_stop" not in written
        assert b"response.completed" not in written
    else:  # all of the answer was there, only the usage or the last word was not
        assert client.error is None
        assert client.done


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(PAIRS), answers())
def test_a_whole_answer_says_the_same_at_the_other_door(
    pair: tuple[Endpoint, str], answer: Whole
) -> None:
    door, dialect = pair
    writer = MessagesWriter("m") if dialect == "anthropic" else ChatWriter("m", 7, with_usage=True)

    body = opened(door, dialect).response(writer.whole(answer))

    if door == "responses":
        found = response_answer(json.loads(body))
    else:
        found = meant(chat_whole(body) if door == "chat" else messages_whole(body))
    assert found == meant(answer)


@pytest.mark.parametrize(("door", "dialect"), PAIRS)
def test_an_error_of_the_provider_ends_the_stream_with_an_error(
    door: Endpoint, dialect: str
) -> None:
    stream = opened(door, dialect).stream()
    error = {"type": "error", "error": {"message": "Overloaded"}}
    data = b"data: " + json.dumps(error).encode() + b"\n\n"
    begun = provider_stream(dialect, Whole("x", "m", "stop", None, [Text("a")]))
    half = begun[: begun.index(b"\n\n") + 2]

    written = stream.feed(half + data + begun) + stream.finish()

    assert written.count(b"Overloaded") == 1
    assert written.endswith(b"\n\n")
    last = EventSplitter().feed(written)[-1]
    assert b"Overloaded" in last.data


@pytest.mark.parametrize(("door", "dialect"), PAIRS)
def test_giving_up_is_told_in_the_stream_and_nothing_follows(door: Endpoint, dialect: str) -> None:
    stream = opened(door, dialect).stream()

    told = stream.fail("it stalled", "stalled")

    assert b"it stalled" in told
    assert stream.feed(provider_stream(dialect, Whole("x", "m", "stop", None, []))) == b""
    assert stream.finish() == b""


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"{}", b'{"choices": 3}', b"<html>"])
@pytest.mark.parametrize(("door", "dialect"), PAIRS)
def test_an_answer_that_is_none_is_the_provider_s_fault(
    door: Endpoint, dialect: str, body: bytes
) -> None:
    with pytest.raises(Unreadable):
        opened(door, dialect).response(body)


def chunk(*calls: tuple[int | None, str | None, str | None, str], finish: str = "") -> bytes:
    listed = [
        {"index": index, "id": call, "function": {"name": name, "arguments": text}}
        for index, call, name, text in calls
    ]
    choice = {"index": 0, "delta": {"tool_calls": listed}, "finish_reason": finish or None}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


CALLS: list[tuple[str, str, object]] = [("a", "weather", {"x": 1}), ("b", "now", {})]


@pytest.mark.parametrize(
    "stream",
    [
        [chunk((0, "a", "weather", "")), chunk((0, None, None, '{"x"')), chunk((0, None, None, ":1}")),
         chunk((1, "b", "now", "")), chunk((1, None, None, "{}"))],
        [chunk((0, "a", "weather", ""), (1, "b", "now", "")), chunk((1, None, None, "{")),
         chunk((0, None, None, '{"x"')), chunk((1, None, None, "}"), (0, None, None, ":1}"))],
        [chunk((0, "a", "weather", '{"x":1}')), chunk((0, "b", "now", "{}"))],
        [chunk((None, "a", "weather", '{"x":1}')), chunk((None, "b", "now", "{}"))],
        [chunk((0, "a", "weather", '{"x":1}'), (1, "b", "now", ""))],
    ],
    ids=["in turn", "mixed", "one index for all", "no index", "no arguments"],
)  # fmt: skip
@pytest.mark.parametrize("door", ["messages", "responses"])
def test_calls_come_one_after_the_other_whatever_the_host_does(
    door: Endpoint, stream: list[bytes]
) -> None:
    found = opened(door, "openai-chat").stream()

    written = b"".join(found.feed(piece) for piece in [*stream, chunk(finish="stop")])

    assert told(door, written + found.finish()) == Answer("", CALLS, "tool_calls", None)[:3] + (
        Usage() if door == "messages" else None,
    )
