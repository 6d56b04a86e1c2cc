"""An answer as Anthropic's message, whole or as a stream."""

from orchestra.gateway.calls import Finish, Usage
from orchestra.gateway.wire.fields import arguments_of, written
from orchestra.gateway.wire.parts import (
    Begin,
    End,
    Fail,
    Part,
    Reasoning,
    Text,
    Tool,
    ToolBegin,
    ToolDelta,
    Waiting,
    Whole,
)
from orchestra.gateway.wire.sse import written as event
from orchestra.shared.json import JsonObject, JsonValue

_REASONS: dict[Finish, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
    "error": "end_turn",
    "cancelled": "end_turn",
}


def messages_usage(usage: Usage | None) -> JsonObject:
    """Usage in the words of a message; what the cache gave is not counted as input."""
    found = usage or Usage()
    return {
        "input_tokens": max(found.input - found.cached - found.cache_written, 0),
        "cache_creation_input_tokens": found.cache_written,
        "cache_read_input_tokens": found.cached,
        "output_tokens": found.output,
    }


class MessagesWriter:
    """Writes one answer. Thoughts that nobody signed are left out: they could not be sent back."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._index = -1
        self._thoughts = ""
        self._open: JsonValue = None
        """The kind of the block that is not ended."""

    def whole(self, answer: Whole) -> bytes:
        """The whole message."""
        content: list[JsonValue] = [
            block for part in answer.content if (block := _block(part)) is not None
        ]
        message = self._message(answer.id, answer.model, content)
        message["stop_reason"] = _REASONS[answer.finish]
        return written(message | {"usage": messages_usage(answer.usage)})

    def write(self, part: Part) -> bytes:
        """The events for this part."""
        match part:
            case Begin(id, model):
                message = self._message(id, model, [])
                return _event("message_start", message=message | {"usage": messages_usage(None)})
            case Text(text):
                start = self._start({"type": "text", "text": ""}, again=False)
                return start + self._delta({"type": "text_delta", "text": text})
            case Reasoning():
                return self._thought(part)
            case ToolBegin(id, name):
                return self._start({"type": "tool_use", "id": id, "name": name, "input": {}})
            case ToolDelta(text):
                return self._delta({"type": "input_json_delta", "partial_json": text})
            case Waiting():
                return _event("ping")
            case End(finish, usage):
                delta: JsonObject = {"stop_reason": _REASONS[finish], "stop_sequence": None}
                end = _event("message_delta", delta=delta, usage=messages_usage(usage))
                return self._stop() + end + _event("message_stop")
            case Fail(message, _):
                return _event("error", error={"type": "api_error", "message": message})

    def _thought(self, part: Reasoning) -> bytes:
        """Told at once when it is signed, which comes last."""
        self._thoughts += part.text
        if not part.signature:
            return _event("ping")
        thought, self._thoughts = self._thoughts, ""
        block: JsonObject = {"type": "thinking", "thinking": "", "signature": ""}
        signed: JsonObject = {"type": "signature_delta", "signature": part.signature}
        return (
            self._start(block)
            + self._delta({"type": "thinking_delta", "thinking": thought})
            + self._delta(signed)
            + self._stop()
        )

    def _start(self, block: JsonObject, *, again: bool = True) -> bytes:
        if self._open == block["type"] and not again:
            return b""
        stopped = self._stop()
        self._open = block["type"]
        self._index += 1
        return stopped + _event("content_block_start", index=self._index, content_block=block)

    def _delta(self, delta: JsonObject) -> bytes:
        return _event("content_block_delta", index=self._index, delta=delta)

    def _stop(self) -> bytes:
        if self._open is None:
            return b""
        self._open = None
        return _event("content_block_stop", index=self._index)

    def _message(self, message_id: str, model: str, content: list[JsonValue]) -> JsonObject:
        return {
            "id": message_id or "msg_0",
            "type": "message",
            "role": "assistant",
            "model": model or self._model,
            "content": content,
            "stop_reason": None,
            "stop_sequence": None,
        }


def _event(kind: str, **members: JsonValue) -> bytes:
    return event({"type": kind, **members}, kind)


def _block(part: Text | Reasoning | Tool) -> "JsonObject | None":
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    if isinstance(part, Reasoning):
        signed: JsonObject = {"thinking": part.text, "signature": part.signature}
        return signed | {"type": "thinking"} if part.signature else None
    found = arguments_of(part.arguments)
    arguments: JsonObject = {"arguments": part.arguments} if found is None else found
    return {"type": "tool_use", "id": part.id, "name": part.name, "input": arguments}
