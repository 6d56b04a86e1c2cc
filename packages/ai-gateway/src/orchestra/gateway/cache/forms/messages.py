"""Anthropic's messages."""

from typing import Any

from orchestra.gateway.wire.sse import written

Document = dict[str, Any]

_ENDS = ("end_turn", "stop_sequence")
_SAID = ("text", "thinking", "redacted_thinking")
_GROWS = {"text_delta": "text", "thinking_delta": "thinking", "signature_delta": "signature"}


def is_whole(document: Document) -> bool:
    """It ended its turn, and said something."""
    content = document["content"]
    said = all(part["type"] in _SAID for part in content)
    text = any(part["type"] == "text" and part["text"] for part in content)
    return document["stop_reason"] in _ENDS and said and text


def gathered(events: list[tuple[str, Document]], ended: bool) -> Document | None:  # noqa: ARG001 - it has an end of its own
    """The events put together."""
    document: Document = {}
    for _, event in events:
        kind = event["type"]
        if kind == "message_start":
            document = {**event["message"], "content": []}
        elif kind == "content_block_start":
            document["content"].append(dict(event["content_block"]))
        elif kind == "content_block_delta":
            if event["delta"]["type"] not in _GROWS:
                return None
            _grow(document["content"][event["index"]], event["delta"])
        elif kind == "message_delta":
            document |= event["delta"]
            document["usage"] = document.get("usage", {}) | event.get("usage", {})
        elif kind == "message_stop":
            return document
    return None


def _grow(block: Document, delta: Document) -> None:
    name = _GROWS[delta["type"]]
    block[name] = (block.get(name) or "") + delta[name]


def streamed(document: Document, usage: bool) -> bytes:  # noqa: ARG001 - this format always says it
    """One delta for each part of a block."""
    counted = document.get("usage", {})
    start = {**document, "content": [], "stop_reason": None, "stop_sequence": None}
    start["usage"] = {**counted, "output_tokens": 0}
    parts = [_event({"type": "message_start", "message": start})]
    for index, block in enumerate(document["content"]):
        grown = [(kind, name) for kind, name in _GROWS.items() if block.get(name)]
        blank = {**block, **{name: "" for _, name in grown}}
        parts.append(
            _event({"type": "content_block_start", "index": index, "content_block": blank})
        )
        for kind, name in grown:
            delta = {"type": kind, name: block[name]}
            parts.append(_event({"type": "content_block_delta", "index": index, "delta": delta}))
        parts.append(_event({"type": "content_block_stop", "index": index}))
    end = {name: document.get(name) for name in ("stop_reason", "stop_sequence")}
    parts.append(_event({"type": "message_delta", "delta": end, "usage": counted}))
    parts.append(_event({"type": "message_stop"}))
    return b"".join(parts)


def _event(document: Document) -> bytes:
    return written(document, str(document["type"]))
