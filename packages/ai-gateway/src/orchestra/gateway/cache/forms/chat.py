"""Chat completions."""

from typing import Any

from orchestra.gateway.calls import Usage
from orchestra.gateway.wire.sse import DONE, written

Document = dict[str, Any]

_TEXTS = ("content", "refusal", "reasoning", "reasoning_content")
_KNOWN = frozenset(["role", *_TEXTS])


def is_whole(document: Document) -> bool:
    """Every choice stopped by itself and said something."""
    choices = document["choices"]
    return bool(choices) and all(_is_settled(choice) for choice in choices)


def _is_settled(choice: Document) -> bool:
    message = choice["message"]
    called = message.get("tool_calls") or message.get("function_call") or message.get("audio")
    said = isinstance(message.get("content"), str) and message["content"]
    return (
        choice["finish_reason"] == "stop"
        and bool(said)
        and not called
        and not message.get("refusal")
    )


def gathered(events: list[tuple[str, Document]], ended: bool) -> Document | None:
    """The chunks put together."""
    if not ended or not events:
        return None
    choices: dict[int, Document] = {}
    first, usage = events[0][1], None
    for _, chunk in events:
        usage = chunk.get("usage") or usage
        for choice in chunk["choices"]:
            if not _added(choices, choice):
                return None
    document = {name: value for name, value in first.items() if name not in ("choices", "usage")}
    document["object"] = "chat.completion"
    document["choices"] = [choices[index] for index in sorted(choices)]
    if usage:
        document["usage"] = usage
    return document


def _added(choices: dict[int, Document], piece: Document) -> bool:
    """Add a piece to its choice; False when it holds something that we cannot put together."""
    index = int(piece.get("index", 0))
    blank = {
        "index": index,
        "message": {"role": "assistant", "content": ""},
        "finish_reason": None,
        "logprobs": None,
    }
    choice, delta = choices.setdefault(index, blank), piece.get("delta") or {}
    if piece.get("logprobs") or any(v for name, v in delta.items() if name not in _KNOWN):
        return False
    for name in _TEXTS:
        if delta.get(name):
            choice["message"][name] = choice["message"].get(name, "") + delta[name]
    if delta.get("role"):
        choice["message"]["role"] = delta["role"]
    if piece.get("finish_reason"):
        choice["finish_reason"] = piece["finish_reason"]
    return True


def streamed(document: Document, usage: bool) -> bytes:
    """A chunk that says all of each choice, one that ends it, and the usage where it is wanted."""
    names = ("id", "created", "model", "system_fingerprint", "service_tier", "provider")
    head = {name: document[name] for name in names if name in document}
    head["object"] = "chat.completion.chunk"
    parts: list[bytes] = []
    for choice in document["choices"]:
        if choice.get("logprobs"):
            raise ValueError("log probabilities belong to tokens, and these are gone")
        delta = {k: v for k, v in choice["message"].items() if v is not None}
        for said, reason in ((delta, None), ({}, choice["finish_reason"])):
            piece = {"index": choice["index"], "delta": said, "finish_reason": reason}
            parts.append(written(head | {"choices": [piece]}))
    if usage and document.get("usage"):
        parts.append(written(head | {"choices": [], "usage": document["usage"]}))
    return b"".join(parts) + DONE


def usage_of(usage: Usage) -> Document:
    """The tokens as this format says them."""
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
    }
