"""What models say in each provider's own words: whole, or as the events of a stream."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]  # documents of providers, as they write them


@dataclass(frozen=True, slots=True)
class Said:
    """An answer before it is put into a dialect."""

    model: str
    words: Sequence[str]
    finish: str = "stop"
    """OpenAI's word for it."""
    cost: float | None = None
    """Dollars, for a provider that says it (OpenRouter does)."""
    counts: bool = True
    """Whether a stream ends with its usage."""

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self.words)


PROMPT_TOKENS = 11


def chat_json(said: Said) -> Json:
    """A chat completion."""
    message = {"role": "assistant", "content": said.text, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": said.finish}
    return _chat(said, "chat.completion") | {"choices": [choice], "usage": _chat_usage(said)}


def chat_events(said: Said) -> list[bytes]:
    """A chat completion as a stream, `[DONE]` included."""

    def chunk(delta: Json, finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _event(_chat(said, "chat.completion.chunk") | {"choices": [choice]})

    events = [chunk({"role": "assistant", "content": ""})]
    events += [chunk({"content": word}) for word in said.words]
    events.append(chunk({}, said.finish))
    if said.counts:
        usage = {"choices": [], "usage": _chat_usage(said)}
        events.append(_event(_chat(said, "chat.completion.chunk") | usage))
    return [*events, b"data: [DONE]\n\n"]


def _chat(said: Said, kind: str) -> Json:
    return {"id": "chatcmpl-1", "object": kind, "created": 1760000000, "model": said.model}


def _chat_usage(said: Said) -> Json:
    usage: Json = {
        "prompt_tokens": PROMPT_TOKENS,
        "completion_tokens": len(said.words),
        "total_tokens": PROMPT_TOKENS + len(said.words),
    }
    return usage if said.cost is None else usage | {"cost": said.cost}


def response_json(said: Said) -> Json:
    """An answer of the responses API."""
    content = [{"type": "output_text", "text": said.text, "annotations": []}]
    item = {
        "type": "message",
        "id": "msg_1",
        "status": "completed",
        "role": "assistant",
        "content": content,
    }
    usage = {
        "input_tokens": PROMPT_TOKENS,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": len(said.words),
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": PROMPT_TOKENS + len(said.words),
    }
    return _response(said, "completed") | {"output": [item], "usage": usage}


def response_events(said: Said) -> list[bytes]:
    """The same as a stream."""
    place: Json = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    part = {"type": "output_text", "text": "", "annotations": []}
    item = {
        "type": "message",
        "id": "msg_1",
        "status": "in_progress",
        "role": "assistant",
        "content": [],
    }
    whole = response_json(said)
    begun = _response(said, "in_progress") | {"output": [], "usage": None}
    done = whole["output"][0]
    events: list[Json] = [
        {"type": "response.created", "response": begun},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.content_part.added", **place, "part": part},
        *(
            {"type": "response.output_text.delta", **place, "delta": word, "logprobs": []}
            for word in said.words
        ),
        {"type": "response.output_text.done", **place, "text": said.text, "logprobs": []},
        {"type": "response.content_part.done", **place, "part": done["content"][0]},
        {"type": "response.output_item.done", "output_index": 0, "item": done},
        {"type": "response.completed", "response": whole},
    ]
    return [_named(event | {"sequence_number": n}) for n, event in enumerate(events)]


def _response(said: Said, status: str) -> Json:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1760000000,
        "model": said.model,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
    }


_ANTHROPIC_FINISH = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}


def message_json(said: Said) -> Json:
    """An answer of the messages API."""
    return _message(said) | {
        "content": [{"type": "text", "text": said.text}],
        "stop_reason": _ANTHROPIC_FINISH.get(said.finish, said.finish),
        "usage": {"input_tokens": PROMPT_TOKENS, "output_tokens": len(said.words)},
    }


def message_events(said: Said) -> list[bytes]:
    """The same as a stream."""
    usage = {"input_tokens": PROMPT_TOKENS, "output_tokens": 1}
    start = _message(said) | {"content": [], "stop_reason": None, "usage": usage}
    end = {"stop_reason": _ANTHROPIC_FINISH.get(said.finish, said.finish), "stop_sequence": None}
    events: list[Json] = [
        {"type": "message_start", "message": start},
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "text", "text": ""},
        },
        {"type": "ping"},
        *(
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "text_delta", "text": word},
            }
            for word in said.words
        ),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": end, "usage": {"output_tokens": len(said.words)}},
        {"type": "message_stop"},
    ]
    return [_named(event) for event in events]


def _message(said: Said) -> Json:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": said.model,
        "stop_sequence": None,
    }


def embeddings_json(said: Said) -> Json:
    """One small vector."""
    data = [{"object": "embedding", "index": 0, "embedding": [0.25, -0.5, 1.0]}]
    usage = {"prompt_tokens": PROMPT_TOKENS, "total_tokens": PROMPT_TOKENS}
    return {"object": "list", "data": data, "model": said.model, "usage": usage}


def count_json(_said: Said) -> Json:
    """How many tokens a question has."""
    return {"input_tokens": PROMPT_TOKENS}


WHOLE: dict[str, Callable[[Said], Json]] = {
    "/chat/completions": chat_json,
    "/responses": response_json,
    "/embeddings": embeddings_json,
    "/messages": message_json,
    "/messages/count_tokens": count_json,
}
STREAMED: dict[str, Callable[[Said], list[bytes]]] = {
    "/chat/completions": chat_events,
    "/responses": response_events,
    "/messages": message_events,
}


def _event(document: Json) -> bytes:
    return b"data: " + json.dumps(document).encode() + b"\n\n"


def _named(document: Json) -> bytes:
    return b"event: " + str(document["type"]).encode() + b"\n" + _event(document)


def refusal(path: str, status: int, code: str, message: str) -> Json:
    """An error in the words of whoever has such a path."""
    if path.startswith("/messages"):
        kind = "overloaded_error" if status == 529 else "invalid_request_error"
        return {"type": "error", "error": {"type": kind, "message": message}}
    kind = "rate_limit_error" if status == 429 else "invalid_request_error"
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}
