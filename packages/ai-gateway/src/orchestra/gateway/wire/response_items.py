"""The items that a response is made of, each with the events that tell it piece by piece."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from orchestra.gateway.wire.fields import arguments_of
from orchestra.shared.json import JsonObject, JsonValue

Kind: TypeAlias = Literal["function", "custom", "tool_search"]


@dataclass(frozen=True, slots=True)
class OfferedTool:
    """A tool as the client named it, under the name by which a chat knows it."""

    kind: Kind
    name: str
    namespace: str = ""


Offered: TypeAlias = Mapping[str, OfferedTool]


class Item(Protocol):
    """What is told while it grows."""

    def began(self) -> list[JsonObject]:
        """The events that open it."""
        ...

    def added(self, text: str) -> list[JsonObject]:
        """The events for more of it."""
        ...

    def ended(self) -> list[JsonObject]:
        """The events that close it."""
        ...

    def document(self, status: str) -> JsonObject:
        """All of it so far."""
        ...


class MessageItem:
    """The text that the model says."""

    def __init__(self, item_id: str) -> None:
        self._id = f"msg_{item_id}"
        self._text: list[str] = []

    def document(self, status: str) -> JsonObject:
        """All of it so far."""
        content: list[JsonValue] = [] if status == "in_progress" else [self._part()]
        return {
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "status": status,
            "content": content,
        }

    def began(self) -> list[JsonObject]:
        """An empty message with an empty part."""
        added: JsonObject = {"type": "response.content_part.added", "part": self._part()}
        return [_item("added", self.document("in_progress")), self._at(added)]

    def added(self, text: str) -> list[JsonObject]:
        """More text."""
        self._text.append(text)
        delta: JsonObject = {"type": "response.output_text.delta", "delta": text, "logprobs": []}
        return [self._at(delta)]

    def ended(self) -> list[JsonObject]:
        """The text, the part and the message are done."""
        text = "".join(self._text)
        done: JsonObject = {"type": "response.output_text.done", "text": text, "logprobs": []}
        part: JsonObject = {"type": "response.content_part.done", "part": self._part()}
        return [self._at(done), self._at(part), _item("done", self.document("completed"))]

    def _part(self) -> JsonObject:
        text = "".join(self._text)
        return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}

    def _at(self, event: JsonObject) -> JsonObject:
        return event | {"item_id": self._id, "content_index": 0}


class ReasoningItem:
    """What the model thinks, as a summary."""

    def __init__(self, item_id: str) -> None:
        self._id = f"rs_{item_id}"
        self._text: list[str] = []

    def document(self, status: str) -> JsonObject:
        """All of it so far."""
        summary: list[JsonValue] = [] if status == "in_progress" else [self._part()]
        return {"id": self._id, "type": "reasoning", "summary": summary}

    def began(self) -> list[JsonObject]:
        """An empty summary."""
        part: JsonObject = {"type": "response.reasoning_summary_part.added", "part": self._part()}
        return [_item("added", self.document("in_progress")), self._at(part)]

    def added(self, text: str) -> list[JsonObject]:
        """More of it."""
        self._text.append(text)
        return [self._at({"type": "response.reasoning_summary_text.delta", "delta": text})]

    def ended(self) -> list[JsonObject]:
        """The summary is done."""
        text = "".join(self._text)
        done: JsonObject = {"type": "response.reasoning_summary_text.done", "text": text}
        part: JsonObject = {"type": "response.reasoning_summary_part.done", "part": self._part()}
        return [self._at(done), self._at(part), _item("done", self.document("completed"))]

    def _part(self) -> JsonObject:
        return {"type": "summary_text", "text": "".join(self._text)}

    def _at(self, event: JsonObject) -> JsonObject:
        return event | {"item_id": self._id, "summary_index": 0}


@dataclass
class FunctionCall:
    """A call with arguments in JSON."""

    id: str
    call_id: str
    tool: OfferedTool
    text: list[str] = field(default_factory=list)

    def document(self, status: str) -> JsonObject:
        """All of it so far."""
        named: JsonObject = {"name": self.tool.name}
        if self.tool.namespace:
            named["namespace"] = self.tool.namespace
        arguments = "" if status == "in_progress" else ("".join(self.text) or "{}")
        call: JsonObject = {"type": "function_call", "arguments": arguments}
        return {"id": f"fc_{self.id}", "call_id": self.call_id, "status": status} | call | named

    def began(self) -> list[JsonObject]:
        """A call without arguments."""
        return [_item("added", self.document("in_progress"))]

    def added(self, text: str) -> list[JsonObject]:
        """More of the arguments."""
        self.text.append(text)
        kind = "response.function_call_arguments.delta"
        return [{"type": kind, "delta": text, "item_id": f"fc_{self.id}"}]

    def ended(self) -> list[JsonObject]:
        """The arguments and the call are done."""
        document = self.document("completed")
        done: JsonObject = {
            "type": "response.function_call_arguments.done",
            "item_id": f"fc_{self.id}",
            "name": self.tool.name,
            "arguments": document["arguments"],
        }
        return [done, _item("done", document)]


class CustomCall(FunctionCall):
    """A call with a plain text; a chat carries it as the one argument `input`."""

    def document(self, status: str) -> JsonObject:
        """All of it so far."""
        text = "".join(self.text)
        found = arguments_of(text)
        given = found.get("input") if found is not None else text
        call: JsonObject = {"type": "custom_tool_call", "name": self.tool.name}
        call |= {"input": given if isinstance(given, str) and status != "in_progress" else ""}
        return {"id": f"ctc_{self.id}", "call_id": self.call_id, "status": status} | call

    def added(self, text: str) -> list[JsonObject]:
        """Nothing yet: half a JSON string is no text."""
        self.text.append(text)
        return []

    def ended(self) -> list[JsonObject]:
        """The text at once."""
        document = self.document("completed")
        at: JsonObject = {"item_id": f"ctc_{self.id}"}
        kind, given = "response.custom_tool_call_input", document["input"]
        return [
            {"type": f"{kind}.delta", "delta": given} | at,
            {"type": f"{kind}.done", "input": given} | at,
            _item("done", document),
        ]


class SearchCall(CustomCall):
    """A search for tools, which the client does itself."""

    def document(self, status: str) -> JsonObject:
        """All of it so far."""
        found = arguments_of("".join(self.text)) or {}
        call: JsonObject = {"type": "tool_search_call", "execution": "client", "arguments": found}
        return {"id": f"tsc_{self.id}", "call_id": self.call_id, "status": status} | call

    def ended(self) -> list[JsonObject]:
        """The call at once."""
        return [_item("done", self.document("completed"))]


_CALLS: dict[Kind, type[FunctionCall]] = {
    "function": FunctionCall,
    "custom": CustomCall,
    "tool_search": SearchCall,
}


def call_of(offered: Offered, item_id: str, call_id: str, name: str) -> FunctionCall:
    """The call of a tool, in the form in which it was offered."""
    tool = offered.get(name) or OfferedTool("function", name)
    return _CALLS[tool.kind](item_id, call_id, tool)


def _item(what: str, document: JsonObject) -> JsonObject:
    return {"type": f"response.output_item.{what}", "item": document}
