"""An answer as OpenAI's chat completion, whole or as a stream."""

from orchestra.gateway.calls import Finish, Usage
from orchestra.gateway.wire.fields import written
from orchestra.gateway.wire.parts import (
    Begin,
    End,
    Fail,
    Part,
    Reasoning,
    Text,
    ToolBegin,
    ToolDelta,
    Waiting,
    Whole,
)
from orchestra.gateway.wire.sse import DONE
from orchestra.gateway.wire.sse import written as event
from orchestra.shared.json import JsonObject, JsonValue

SIGNED = "anthropic-claude-v1"
"""How OpenRouter names the form of signed thoughts; what it names so can be sent back."""

_FINISHES: dict[Finish, str] = {"error": "stop", "cancelled": "stop"}


def chat_usage(usage: Usage) -> JsonObject:
    """Usage in the words of a chat."""
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached,
            "cache_write_tokens": usage.cache_written,
        },
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }


class ChatWriter:
    """Writes one answer; `with_usage` is what the client asked of its stream."""

    def __init__(self, model: str, created: int, *, with_usage: bool) -> None:
        self._model, self._created, self._with_usage = model, created, with_usage
        self._id = ""
        self._tools = -1

    def whole(self, answer: Whole) -> bytes:
        """The whole completion."""
        self._id, self._model = answer.id, answer.model or self._model
        message: JsonObject = {"role": "assistant", "content": answer.text or None, "refusal": None}
        thoughts = [part for part in answer.content if isinstance(part, Reasoning)]
        if thoughts:
            message["reasoning"] = "".join(thought.text for thought in thoughts)
            message["reasoning_details"] = [_detail(one, at) for at, one in enumerate(thoughts)]
        if answer.tools:
            message["tool_calls"] = [
                _call(tool.id, tool.name, tool.arguments) for tool in answer.tools
            ]
        choice: JsonObject = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": _FINISHES.get(answer.finish, answer.finish),
        }
        usage = chat_usage(answer.usage) if answer.usage else None
        return written(self._head("chat.completion") | {"choices": [choice], "usage": usage})

    def write(self, part: Part) -> bytes:
        """The events for this part."""
        match part:
            case Begin(id, model):
                self._id, self._model = id, model or self._model
                return self._chunk({"role": "assistant", "content": ""})
            case Text(text):
                return self._chunk({"content": text})
            case Reasoning(text):
                said: JsonObject = {"reasoning": text} if text else {}
                return self._chunk(said | {"reasoning_details": [_detail(part, 0)]})
            case ToolBegin(id, name):
                self._tools += 1
                return self._tool(_call(id, name, ""))
            case ToolDelta(text):
                return self._tool({"function": {"arguments": text}})
            case Waiting():
                return b": waiting\n\n"
            case End():
                return self._end(part)
            case Fail(message, code):
                return event({"error": {"message": message, "type": "api_error", "code": code}})

    def _end(self, end: End) -> bytes:
        last = self._chunk({}, _FINISHES.get(end.finish, end.finish))
        if self._with_usage and end.usage is not None:
            usage = chat_usage(end.usage)
            head = self._head("chat.completion.chunk")
            last += event(head | {"choices": [], "usage": usage})
        return last + DONE

    def _tool(self, call: JsonObject) -> bytes:
        return self._chunk({"tool_calls": [{"index": max(self._tools, 0)} | call]})

    def _chunk(self, delta: JsonObject, finish: JsonValue = None) -> bytes:
        choice: JsonObject = {
            "index": 0,
            "delta": delta,
            "logprobs": None,
            "finish_reason": finish,
        }
        return event(self._head("chat.completion.chunk") | {"choices": [choice]})

    def _head(self, kind: str) -> JsonObject:
        return {
            "id": self._id or "chatcmpl-0",
            "object": kind,
            "created": self._created,
            "model": self._model,
        }


def _call(call_id: str, name: str, arguments: str) -> JsonObject:
    function: JsonObject = {"name": name, "arguments": arguments}
    return {"id": call_id, "type": "function", "function": function}


def _detail(thought: Reasoning, index: int) -> JsonObject:
    detail: JsonObject = {"type": "reasoning.text", "text": thought.text, "index": index}
    signed: JsonObject = {"signature": thought.signature, "format": SIGNED}
    return detail | signed if thought.signature else detail
