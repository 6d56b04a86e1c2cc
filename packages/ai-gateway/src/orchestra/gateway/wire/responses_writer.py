"""An answer as OpenAI's response, whole or as a stream."""

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
from orchestra.gateway.wire.response_items import Item, MessageItem, Offered, ReasoningItem, call_of
from orchestra.gateway.wire.sse import written as event
from orchestra.shared.json import JsonObject, JsonValue

_REASONS: dict[Finish, str] = {"length": "max_output_tokens", "content_filter": "content_filter"}


def responses_usage(usage: Usage) -> JsonObject:
    """Usage in the words of a response."""
    return {
        "input_tokens": usage.input,
        "input_tokens_details": {"cached_tokens": usage.cached},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.input + usage.output,
    }


class ResponsesWriter:
    """Writes one answer; `echoed` are the members of the request that a response repeats."""

    def __init__(self, model: str, created: int, offered: Offered, echoed: JsonObject) -> None:
        self._model, self._created = model, created
        self._offered, self._echoed = offered, echoed
        self._id = "resp_0"
        self._output: list[JsonValue] = []
        self._open: Item | None = None
        self._number = -1

    def whole(self, answer: Whole) -> bytes:
        """The whole response."""
        self._begin(answer.id, answer.model)
        for part in answer.content:
            if isinstance(part, (Text, Reasoning)):
                self._of_kind(MessageItem if isinstance(part, Text) else ReasoningItem)
                self._added(part.text)
            else:
                self._opened(call_of(self._offered, self._item_id(), part.id, part.name))
                self._added(part.arguments)
        self._close()
        return written(self._response(answer.finish, answer.usage))

    def write(self, part: Part) -> bytes:
        """The events for this part."""
        match part:
            case Begin(id, model):
                self._begin(id, model)
                created = self._event("response.created", response=self._response(None, None))
                begun = self._response(None, None)
                return created + self._event("response.in_progress", response=begun)
            case Text(text):
                return self._of_kind(MessageItem) + self._added(text)
            case Reasoning(text):
                return self._of_kind(ReasoningItem) + self._added(text) if text else b""
            case ToolBegin(id, name):
                return self._opened(call_of(self._offered, self._item_id(), id, name))
            case ToolDelta(text):
                return self._added(text)
            case Waiting():
                return b": waiting\n\n"
            case End(finish, usage):
                closed = self._close()
                kind = "response.incomplete" if finish in _REASONS else "response.completed"
                return closed + self._event(kind, response=self._response(finish, usage))
            case Fail(message, code):
                failed = self._response("error", None)
                failed["error"] = {"code": code, "message": message}
                return self._event("response.failed", response=failed)

    def _begin(self, answer_id: str, model: str) -> None:
        self._id = f"resp_{answer_id or 0}"
        self._model = model or self._model

    def _item_id(self) -> str:
        place = len(self._output) + (self._open is not None)
        return f"{self._id.removeprefix('resp_')}_{place}"

    def _of_kind(self, kind: type[MessageItem] | type[ReasoningItem]) -> bytes:
        if isinstance(self._open, kind):
            return b""
        return self._opened(kind(self._item_id()))

    def _opened(self, item: Item) -> bytes:
        closed = self._close()
        self._open = item
        return closed + self._events(item.began())

    def _added(self, text: str) -> bytes:
        return self._events(self._open.added(text)) if self._open is not None else b""

    def _close(self) -> bytes:
        item, self._open = self._open, None
        if item is None:
            return b""
        ended = self._events(item.ended())
        self._output.append(item.document("completed"))
        return ended

    def _events(self, events: list[JsonObject]) -> bytes:
        place = len(self._output)
        told = b""
        for one in events:
            kind = str(one.pop("type"))
            told += self._event(kind, output_index=place, **one)
        return told

    def _event(self, kind: str, **members: JsonValue) -> bytes:
        self._number += 1
        return event({"type": kind, "sequence_number": self._number, **members}, kind)

    def _response(self, finish: Finish | None, usage: Usage | None) -> JsonObject:
        reason = _REASONS.get(finish) if finish else None
        status = "incomplete" if reason else "failed" if finish == "error" else "completed"
        return {
            "id": self._id,
            "object": "response",
            "created_at": self._created,
            "status": status if finish else "in_progress",
            "error": None,
            "incomplete_details": {"reason": reason} if reason else None,
            "model": self._model,
            "output": list(self._output),
            "usage": responses_usage(usage) if usage else None,
            **self._echoed,
        }
