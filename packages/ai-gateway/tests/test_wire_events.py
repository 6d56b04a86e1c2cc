"""The events of each door come in the order that its clients are written for."""

import json

from orchestra.gateway.calls import Endpoint, Usage
from orchestra.gateway.wire import EventSplitter, count_tokens, translator, usage_of_json
from orchestra.shared.json import JsonObject

CHAT = b"".join(
    b"data: " + json.dumps({"id": "c", "model": "m", "choices": [choice], **more}).encode() + b"\n\n"
    for choice, more in [
        ({"delta": {"role": "assistant", "content": ""}}, {}),
        ({"delta": {"content": "I "}}, {}),
        ({"delta": {"content": "look."}}, {}),
        ({"delta": {"tool_calls": [
            {"index": 0, "id": "t", "function": {"name": "patch", "arguments": ""}}]}}, {}),
        ({"delta": {"tool_calls": [
            {"index": 0, "function": {"arguments": '{"input": "a\\nb"}'}}]}}, {}),
        ({"delta": {}, "finish_reason": "tool_calls"}, {}),
        ({"delta": {}}, {"usage": {"prompt_tokens": 9, "completion_tokens": 4,
                                   "prompt_tokens_details": {"cached_tokens": 5}}}),
    ]
) + b"data: [DONE]\n\n"  # fmt: skip


def events(door: Endpoint, request: JsonObject, stream: bytes = CHAT) -> list[JsonObject]:
    found = translator(door, "openai-chat", created=7)
    assert found is not None
    found.request(json.dumps(request).encode(), "m")
    told = found.stream()
    written = told.feed(stream) + told.finish()
    read = EventSplitter().feed(written)
    documents: list[JsonObject] = [json.loads(event.data) for event in read]
    assert [event.name.decode() for event in read] == [one["type"] for one in documents]
    return documents


def test_a_message_starts_fills_and_ends_each_block_in_turn() -> None:
    told = events("messages", {"messages": [], "max_tokens": 9})

    assert told == [
        {"type": "message_start", "message": {
            "id": "c", "type": "message", "role": "assistant", "model": "m", "content": [],
            "stop_reason": None, "stop_sequence": None,
            "usage": {"input_tokens": 0, "cache_creation_input_tokens": 0,
                      "cache_read_input_tokens": 0, "output_tokens": 0}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "I "}},
        {"type": "content_block_delta", "index": 0,
         "delta": {"type": "text_delta", "text": "look."}},
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 1,
         "content_block": {"type": "tool_use", "id": "t", "name": "patch", "input": {}}},
        {"type": "content_block_delta", "index": 1,
         "delta": {"type": "input_json_delta", "partial_json": '{"input": "a\\nb"}'}},
        {"type": "content_block_stop", "index": 1},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": None},
         "usage": {"input_tokens": 4, "cache_creation_input_tokens": 0,
                   "cache_read_input_tokens": 5, "output_tokens": 4}},
        {"type": "message_stop"},
    ]  # fmt: skip


def test_a_response_tells_each_item_from_added_to_done() -> None:
    told = events("responses", {"input": "Hi", "tools": [{"type": "custom", "name": "patch"}]})

    assert [event["sequence_number"] for event in told] == list(range(len(told)))
    assert [event["type"] for event in told] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.output_item.added",
        "response.custom_tool_call_input.delta",
        "response.custom_tool_call_input.done",
        "response.output_item.done",
        "response.completed",
    ]
    response = told[-1]["response"]
    assert isinstance(response, dict)
    assert response["status"] == "completed"
    assert response["output"] == [
        {"id": "msg_c_0", "type": "message", "role": "assistant", "status": "completed",
         "content": [{"type": "output_text", "text": "I look.", "annotations": [],
                      "logprobs": []}]},
        {"id": "ctc_c_1", "call_id": "t", "status": "completed", "type": "custom_tool_call",
         "name": "patch", "input": "a\nb"},
    ]  # fmt: skip
    assert response["output"] == [e["item"] for e in told if "output_item.done" in str(e["type"])]
    assert response["usage"] == {
        "input_tokens": 9,
        "input_tokens_details": {"cached_tokens": 5},
        "output_tokens": 4,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 13,
    }


def test_an_answer_that_was_too_long_is_an_incomplete_response() -> None:
    choice = {"delta": {"content": "a"}, "finish_reason": "length"}
    stream = b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"

    told = events("responses", {"input": "Hi"}, stream)

    assert told[-1]["type"] == "response.incomplete"
    assert isinstance(response := told[-1]["response"], dict)
    assert response["incomplete_details"] == {"reason": "max_output_tokens"}


def test_thoughts_that_were_signed_are_told_whole_and_others_not() -> None:
    def thought(text: str, signature: str | None = None) -> JsonObject:
        detail: JsonObject = {"type": "reasoning.text", "text": text, "signature": signature}
        return {"choices": [{"delta": {"reasoning": text, "reasoning_details": [detail]}}]}

    plain: JsonObject = {"choices": [{"delta": {"reasoning": "Hm"}, "finish_reason": "stop"}]}
    signed = b"".join(
        b"data: " + json.dumps(one).encode() + b"\n\n"
        for one in (thought("Hm"), thought("."), thought("", "s"), plain)
    )

    told = events("messages", {"messages": [], "max_tokens": 9}, signed)

    deltas = [event["delta"] for event in told if event["type"] == "content_block_delta"]
    assert deltas == [
        {"type": "thinking_delta", "thinking": "Hm."},
        {"type": "signature_delta", "signature": "s"},
    ]


def test_tokens_are_counted_about_and_rather_too_high() -> None:
    text = "def add(first: int, second: int) -> int:\n    return first + second\n" * 100

    counted = count_tokens(json.dumps({"messages": [{"role": "user", "content": text}]}).encode())
    image = {"type": "image", "source": {"type": "base64", "data": "x" * 100_000}}
    shown = count_tokens(json.dumps({"messages": [{"role": "user", "content": [image]}]}).encode())
    wide = count_tokens(json.dumps({"system": "漢字" * 50}).encode())

    assert 1800 <= counted <= 2400  # OpenAI's o200k_base says 1900
    assert 1500 <= shown <= 2000
    assert 100 <= wide <= 110


def test_a_request_as_deep_as_json_allows_is_counted() -> None:
    assert count_tokens(b'{"messages": ' + b"[" * 500 + b"]" * 500 + b"}") >= 1


def test_the_usage_of_an_hour_in_the_cache_and_the_tier_are_read() -> None:
    usage = {"input_tokens": 1, "cache_creation_input_tokens": 3, "service_tier": "priority",
             "cache_creation": {"ephemeral_1h_input_tokens": 2}}  # fmt: skip
    read = usage_of_json("anthropic", "messages", json.dumps({"usage": usage}).encode())

    assert read.usage == Usage(input=4, cache_written=3, cache_written_long=2, tier="priority")
