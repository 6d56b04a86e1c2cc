"""Calls and answers as the cache sees them."""

import json
from collections.abc import Mapping
from typing import Any

from orchestra.gateway.calls import Answer, Endpoint, Finish, ModelCall, Usage
from orchestra.gateway.routing.target import Target
from orchestra.shared.identity import Caller

PLAN = (Target("openrouter", "small"), Target("anthropic", "large"))
"""Who answers in these tests."""


def caller(principal: str = "p-1", name: str = "ada") -> Caller:
    """Whoever asks."""
    return Caller(principal, name, "agent", "k-1", frozenset(["models:use"]), None)


def chat(
    prompt: str = "What is a lease?",
    *,
    id: str = "c-1",
    who: Caller | None = None,
    headers: Mapping[str, str] | None = None,
    endpoint: Endpoint = "chat",
    system: str = "Be short.",
    **fields: Any,  # noqa: ANN401 - whatever a body may hold
) -> ModelCall:
    """A call with one question behind a system prompt."""
    body: dict[str, Any] = {
        "model": "small",
        "temperature": 0,
        "messages": [
            {"role": "system", "content": system},
            {"role": "user", "content": prompt},
        ],
        **fields,
    }
    return ModelCall(
        id=id,
        caller=who or caller(),
        endpoint=endpoint,
        model=body["model"],
        body=json.dumps(body, separators=(",", ":")).encode(),
        headers=headers or {},
        stream=body.get("stream") is True,
        temperature=body.get("temperature"),
        uses_tools=bool(body.get("tools")),
        messages=len(body["messages"]),
    )


def completion(text: str = "A lock with a term.", finish: str = "stop") -> dict[str, Any]:
    """A chat completion."""
    message = {"role": "assistant", "content": text}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "small",
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14},
    }


def answer(
    document: Mapping[str, Any] | bytes | None = None,
    *,
    stream: bool = False,
    finish: Finish = "stop",
    provider: str = "openrouter",
    model: str = "small",
) -> Answer:
    """An answer as the pipeline gives it to the cache."""
    told = completion() if document is None else document
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    return Answer(body, stream, model, provider, Usage(input=9, output=5, cost=70), finish)


def stream_of(text: str, *, usage: bool = False, end: bool = True) -> bytes:
    """A streamed chat, a token an event."""
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "small"}
    pieces: list[dict[str, Any]] = [{"delta": {"role": "assistant", "content": ""}}]
    pieces += [{"delta": {"content": word}} for word in text.split(" ") for word in (word, " ")][
        :-1
    ]
    pieces.append({"delta": {}, "finish_reason": "stop"})
    events = [
        head | {"choices": [{"index": 0, "finish_reason": None, **piece}]} for piece in pieces
    ]
    if usage:
        events.append(head | {"choices": [], "usage": completion()["usage"]})
    lines = [f"data: {json.dumps(event, separators=(',', ':'))}\n\n" for event in events]
    return "".join(lines + (["data: [DONE]\n\n"] if end else [])).encode()
