"""Anthropic's messages, whole or as a stream, as the parts of an answer."""

import msgspec
from orchestra.gateway.calls import Finish, Usage
from orchestra.gateway.wire.answers import message_of
from orchestra.gateway.wire.parts import (
    CUT,
    Begin,
    End,
    Fail,
    Part,
    Reasoning,
    Text,
    Tool,
    ToolBegin,
    ToolDelta,
    Unreadable,
    Whole,
)
from orchestra.gateway.wire.sse import EventSplitter
from orchestra.gateway.wire.usage import anthropic_usage, finish_of, is_object

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Block(msgspec.Struct):
    type: str = ""
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    id: str | None = None
    name: str | None = None
    input: object = None
    partial_json: str | None = None


class _Message(msgspec.Struct):
    id: str | None = None
    type: str = ""
    model: str | None = None
    content: list[_Block] | None = None
    stop_reason: str | None = None
    usage: object = None
    error: object = None


class _Stop(msgspec.Struct):
    type: str = ""
    stop_reason: str | None = None
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    partial_json: str | None = None


class _Event(msgspec.Struct):
    type: str = ""
    message: _Message | None = None
    content_block: _Block | None = None
    delta: _Stop | None = None
    usage: object = None
    error: object = None


_message = msgspec.json.Decoder(_Message)
_event = msgspec.json.Decoder(_Event)


def messages_whole(body: bytes) -> Whole:
    """A message.

    Raises:
        Unreadable: it is none.
    """
    try:
        found = _message.decode(body)
    except _UNREADABLE as error:
        raise Unreadable(str(error)) from None
    if found.content is None:
        raise Unreadable(message_of(found.error) if found.error else "no content is in it")
    finish = finish_of(found.stop_reason or "end_turn")
    whole = Whole(found.id or "", found.model or "", finish, anthropic_usage(found.usage))
    for block in found.content:
        if block.type == "text" and block.text:
            whole.content.append(Text(block.text))
        elif block.type == "thinking":
            whole.content.append(Reasoning(block.thinking or "", block.signature or ""))
        elif block.type == "tool_use":
            whole.content.append(Tool(block.id or "", block.name or "", _json(block.input)))
    return whole


class MessagesReader:
    """The stream of one message."""

    def __init__(self) -> None:
        self._splitter = EventSplitter()
        self._ended = False
        self._finish: Finish | None = None
        self._counts: dict[str, object] = {}
        self._tool: _Block | None = None
        self._kind = ""

    def feed(self, chunk: bytes) -> list[Part]:
        """The parts that this piece completes."""
        parts: list[Part] = []
        for event in self._splitter.feed(chunk):
            if self._ended:
                break
            try:
                found = _event.decode(event.data)
            except _UNREADABLE:
                continue  # one damaged event; the meter counts it
            parts += self._read(found)
        return parts

    def finish(self) -> list[Part]:
        """The end, or that there was none: the provider sends no more."""
        if self._ended:
            return []
        self._ended = True
        if self._finish is None:
            return [CUT]
        return [End(self._finish, self._usage)]

    @property
    def _usage(self) -> Usage | None:
        return anthropic_usage(self._counts) if self._counts else None

    def _read(self, found: _Event) -> list[Part]:
        match found.type:
            case "message_start" if found.message is not None:
                self._count(found.message.usage)
                return [Begin(found.message.id or "", found.message.model or "")]
            case "content_block_start" if found.content_block is not None:
                return self._started(found.content_block)
            case "content_block_delta" if found.delta is not None:
                return self._delta(found.delta)
            case "content_block_stop":
                return self._stopped()
            case "message_delta":
                self._count(found.usage)
                if found.delta is not None and found.delta.stop_reason:
                    self._finish = finish_of(found.delta.stop_reason)
            case "message_stop":
                return self.finish()
            case "error":
                self._ended = True
                return [Fail(message_of(found.error), "provider_error")]
        return []

    def _started(self, block: _Block) -> list[Part]:
        self._kind = block.type
        if block.type == "text" and block.text:
            return [Text(block.text)]
        if block.type == "tool_use":
            self._tool = block
            return [ToolBegin(block.id or "", block.name or "")]
        return []

    def _delta(self, delta: _Stop) -> list[Part]:
        if delta.text and self._kind == "text":
            return [Text(delta.text)]
        if delta.thinking or delta.signature:
            return [Reasoning(delta.thinking or "", delta.signature or "")]
        if delta.partial_json and self._kind == "tool_use":
            self._tool = None
            return [ToolDelta(delta.partial_json)]
        return []

    def _stopped(self) -> list[Part]:
        """A call without a word of arguments has those that it began with, often none."""
        tool, self._tool, self._kind = self._tool, None, ""
        return [ToolDelta(_json(tool.input))] if tool is not None else []

    def _count(self, usage: object) -> None:
        if is_object(usage):
            self._counts.update((name, count) for name, count in usage.items() if count is not None)


def _json(value: object) -> str:
    return msgspec.json.encode(value if is_object(value) else {}).decode()
