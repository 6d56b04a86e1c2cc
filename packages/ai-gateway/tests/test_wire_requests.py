"""Requests in the words of another provider: what is said, what is refused, what is left out."""

import json
from pathlib import Path

import pytest
from orchestra.gateway.calls import Endpoint
from orchestra.gateway.wire import translator
from orchestra.shared.errors import Invalid
from orchestra.shared.json import JsonObject, JsonValue


def asked(
    door: Endpoint, dialect: str, request: JsonObject, model: str = "m-1"
) -> tuple[JsonValue, tuple[str, ...]]:
    """The request for the provider, and what is not in it."""
    found = translator(door, dialect)
    assert found is not None
    sent = found.request(json.dumps(request).encode(), model)
    return json.loads(sent), found.dropped


def refusal(door: Endpoint, dialect: str, request: JsonObject) -> str:
    with pytest.raises(Invalid) as refused:
        asked(door, dialect, request)
    assert refused.value.hint
    return refused.value.message


GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.json")), ids=lambda file: file.stem)
def test_a_request_is_said_as_its_golden_file_has_it(file: Path) -> None:
    golden = json.loads(file.read_text())

    sent, dropped = asked(golden["door"], golden["dialect"], golden["asked"], golden["model"])

    assert sent == golden["sent"]
    assert list(dropped) == golden["dropped"]


USER: JsonObject = {"role": "user", "content": "Hi"}


@pytest.mark.parametrize(
    ("model", "thinking", "config"),
    [
        ("claude-sonnet-5", {"type": "adaptive"}, {"effort": "low"}),
        ("anthropic/claude-opus-4.6", {"type": "adaptive"}, {"effort": "low"}),
        ("claude-sonnet-4-20250514", {"type": "enabled", "budget_tokens": 2048}, None),
        ("claude-3-5-haiku-latest", None, None),
    ],
)
def test_effort_is_told_as_the_model_understands_it(
    model: str, thinking: JsonValue, config: JsonValue
) -> None:
    chat: JsonObject = {"messages": [USER], "reasoning_effort": "low", "temperature": 0.5}

    sent, dropped = asked("chat", "anthropic", chat, model)

    assert isinstance(sent, dict)
    assert (sent.get("thinking"), sent.get("output_config")) == (thinking, config)
    assert ("temperature" in sent) == (thinking is None)
    assert dropped


@pytest.mark.parametrize(
    ("model", "effort"), [("gpt-5.5", "high"), ("anthropic/claude", "high"), ("gpt-4.1", None)]
)
def test_a_budget_of_thoughts_becomes_an_effort_where_the_model_has_one(
    model: str, effort: str | None
) -> None:
    thinking: JsonObject = {"type": "enabled", "budget_tokens": 31_999}
    request: JsonObject = {"messages": [USER], "max_tokens": 32_000, "thinking": thinking}

    sent, dropped = asked("messages", "openai-chat", request, model)

    assert isinstance(sent, dict)
    assert (sent.get("reasoning_effort"), sent["max_tokens"]) == (effort, 32_000)
    assert dropped == (() if effort else ("thinking",))


def test_signed_thoughts_of_a_chat_go_back_to_who_signed_them() -> None:
    details: list[JsonValue] = [
        {"type": "reasoning.text", "text": "Hm"},
        {"type": "reasoning.text", "text": ".", "signature": "s"},
    ]
    said: JsonObject = {"role": "assistant", "content": "So", "reasoning_details": details}

    sent, dropped = asked("chat", "anthropic", {"messages": [USER, said, USER]})

    assert isinstance(sent, dict)
    assert isinstance(turns := sent["messages"], list)
    assert isinstance(turns[1], dict)
    assert turns[1]["content"] == [
        {"type": "thinking", "thinking": "Hm.", "signature": "s"},
        {"type": "text", "text": "So"},
    ]
    assert dropped == ()


def test_arguments_that_a_model_got_wrong_don_t_end_the_conversation() -> None:
    call: JsonObject = {"id": "c", "function": {"name": "f", "arguments": '{"a": '}}
    said: JsonObject = {"role": "assistant", "tool_calls": [call]}

    sent, dropped = asked("chat", "anthropic", {"messages": [USER, said]})

    assert '{"arguments": "{\\"a\\": "}' in json.dumps(sent)
    assert dropped[0].endswith("(is no JSON object, and was sent as a text)")


def test_tools_of_the_past_are_named_where_none_is_offered_any_more() -> None:
    call: JsonObject = {"id": "c", "function": {"name": "f", "arguments": "{}"}}
    said: JsonObject = {"role": "assistant", "tool_calls": [call]}
    result: JsonObject = {"role": "tool", "tool_call_id": "c", "content": "r"}

    sent, dropped = asked("chat", "anthropic", {"messages": [USER, said, result]})

    assert isinstance(sent, dict)
    assert sent["tools"] == [{"name": "f", "input_schema": {"type": "object"}}]
    assert sent["tool_choice"] == {"type": "none"}
    assert dropped == ("tools (those that were used are named, and none may be called)",)


def test_what_an_agent_will_send_again_is_marked_for_the_prompt_cache() -> None:
    tools: list[JsonValue] = [{"type": "function", "function": {"name": "f"}}]
    system: JsonObject = {"role": "system", "content": "Be brief."}
    mine: JsonObject = {"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}

    agents, _ = asked("chat", "anthropic", {"messages": [system, USER], "tools": tools})
    persons, _ = asked("chat", "anthropic", {"messages": [system, USER]})
    own, _ = asked("chat", "anthropic", user(mine) | {"tools": tools})

    mark = '"cache_control": {"type": "ephemeral"}'
    assert f'{{"type": "text", "text": "Be brief.", {mark}}}' in json.dumps(agents)
    assert f'{{"type": "text", "text": "Hi", {mark}}}' in json.dumps(agents)
    assert mark not in json.dumps(persons)
    assert json.dumps(own).count(mark) == 1


def test_an_image_that_a_tool_returned_is_shown_after_all_results() -> None:
    image: JsonObject = {"type": "input_image", "image_url": "data:image/png;base64,AA"}
    calls: list[JsonValue] = [
        {"type": "function_call", "call_id": one, "name": "view", "arguments": "{}"} for one in "ab"
    ]
    results: list[JsonValue] = [
        {"type": "function_call_output", "call_id": "a", "output": [image]},
        {"type": "function_call_output", "call_id": "b", "output": "text"},
    ]

    chat, _ = asked("responses", "openai-chat", {"input": [*calls, *results, USER]})
    messages, _ = asked("responses", "anthropic", {"input": [*calls, *results]})

    assert isinstance(chat, dict)
    assert isinstance(said := chat["messages"], list)
    assert [one["role"] for one in said if isinstance(one, dict)] == [
        "assistant", "tool", "tool", "user", "user"]  # fmt: skip
    assert said[3] == {
        "role": "user",
        "content": [
            {"type": "text", "text": "In the result of a:"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}},
        ],
    }
    assert isinstance(messages, dict)
    assert '"media_type": "image/png"' in json.dumps(messages["messages"])


def test_a_list_that_would_take_seconds_is_refused() -> None:
    assert "at most 20000" in refusal("chat", "anthropic", {"messages": [USER] * 20_001})


def test_members_that_nobody_knows_are_named_up_to_a_number_and_cleanly() -> None:
    strange: JsonObject = {f"x{n}\r\nx: y": 1 for n in range(100)}

    _, dropped = asked("chat", "anthropic", {"messages": [USER], **strange})

    assert len(dropped) == 50
    assert dropped[0] == "x0??x: y"


def user(part: JsonObject) -> JsonObject:
    return {"messages": [{"role": "user", "content": [part]}]}


@pytest.mark.parametrize(
    ("door", "dialect", "request_", "field"),
    [
        ("chat", "anthropic", {"messages": [USER], "n": 2}, "n"),
        ("chat", "anthropic", {"messages": [USER], "logprobs": True}, "logprobs"),
        ("chat", "anthropic", {"messages": [USER], "functions": []}, "functions"),
        ("chat", "anthropic", {"messages": "Hi"}, "messages"),
        ("chat", "anthropic", {"messages": [3]}, "messages[0]"),
        ("chat", "anthropic", {"messages": []}, "messages"),
        ("chat", "anthropic", {"messages": [{"role": "pirate"}]}, "messages[0].role"),
        ("chat", "anthropic", {"messages": [{"content": "Hi"}]}, "messages[0].role"),
        ("chat", "anthropic", user({"type": "input_audio"}), "messages[0].content[0].type"),
        ("chat", "anthropic", user({"type": "file", "file": {"file_id": "f"}}),
         "messages[0].content[0].file"),
        ("chat", "anthropic", {"messages": [USER], "tools": [{"type": "custom"}]}, "tools[0].type"),
        ("chat", "anthropic", {"messages": [USER], "tools": [{"function": {}}]},
         "tools[0].function.name"),
        ("messages", "openai", {"messages": [USER], "tools": [{"type": "web_search_20250305"}]},
         "tools[0].type"),
        ("messages", "openai", {"messages": [USER], "mcp_servers": [{}]}, "mcp_servers"),
        ("messages", "openai", user({"type": "container_upload"}), "messages[0].content[0].type"),
        ("messages", "cohere", {"messages": [USER], "tools": [
            {"name": "f", "input_schema": {}}], "tool_choice": {"type": "tool", "name": "f"}},
         "tool_choice"),
        ("embeddings", "cohere", {"input": "Hi", "dimensions": 7}, "dimensions"),
        ("responses", "openai-chat", {"input": "Hi", "previous_response_id": "r"},
         "previous_response_id"),
        ("responses", "openai-chat", {"input": [{"type": "item_reference", "id": "i"}]},
         "input[0].type"),
        ("responses", "anthropic", {"input": "Hi", "tools": [{"type": "function", "name": "f"}],
                                    "tool_choice": {"type": "function", "name": "g"}},
         "tool_choice.name"),
    ],
)  # fmt: skip
def test_what_cannot_be_said_is_refused_by_name(
    door: Endpoint, dialect: str, request_: JsonObject, field: str
) -> None:
    assert refusal(door, dialect, request_).startswith(f"`{field}` ")


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'{"a":' * 5000, b'{"messages": "\\ud800"}'])
@pytest.mark.parametrize(("door", "dialect"), [("chat", "anthropic"), ("messages", "openai"),
                                               ("responses", "openai-chat"), ("chat", "cohere")])  # fmt: skip
def test_what_is_no_request_is_refused(door: Endpoint, dialect: str, body: bytes) -> None:
    found = translator(door, dialect)
    assert found is not None

    with pytest.raises(Invalid):
        found.request(body, "m")


def test_what_a_provider_speaks_itself_is_not_translated() -> None:
    native: list[tuple[Endpoint, str]] = [
        ("chat", "openai"),
        ("responses", "openai"),
        ("embeddings", "openai-chat"),
        ("messages", "anthropic"),
        ("count_tokens", "anthropic"),
    ]
    assert [translator(door, dialect) for door, dialect in native] == [None] * 5
    with pytest.raises(LookupError):
        translator("embeddings", "anthropic")
