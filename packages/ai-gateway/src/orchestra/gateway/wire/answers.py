"""Where each format says how an answer ended and what it used; only that is decoded."""

import msgspec
from orchestra.gateway.calls import Finish, Usage
from orchestra.gateway.wire.sse import Event
from orchestra.gateway.wire.usage import (
    anthropic_usage,
    cohere_usage,
    finish_of,
    is_object,
    openai_usage,
)


class Told:
    """What was read so far."""

    __slots__ = ("counts", "done", "error", "finish", "model", "text_started", "usage")

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self.finish: Finish | None = None
        self.model: str | None = None
        self.error: str | None = None
        self.text_started = False
        self.done = False
        self.counts: dict[str, object] = {}
        """Anthropic tells its usage in parts, and the later part counts."""


class _Delta(msgspec.Struct):
    content: object = None
    tool_calls: object = None
    reasoning: object = None
    reasoning_content: object = None
    refusal: object = None
    function_call: object = None
    audio: object = None


class _Choice(msgspec.Struct):
    delta: _Delta | None = None
    finish_reason: str | None = None


class _Chat(msgspec.Struct):
    type: str = ""
    model: str | None = None
    choices: list[_Choice] | None = None
    usage: object = None
    service_tier: str | None = None
    error: object = None
    finish_reason: str | None = None
    delta: object = None


_chat = msgspec.json.Decoder(_Chat)


def chat_event(told: Told, event: Event) -> None:
    """An event of a chat completion, or of Cohere's second version."""
    chunk = _chat.decode(event.data)
    if chunk.type and not chunk.choices:
        _cohere_event(told, chunk)
        return
    _chat_told(told, chunk)
    if not told.text_started:
        told.text_started = any(_says_something(choice.delta) for choice in chunk.choices or ())


def chat_answer(told: Told, body: bytes) -> None:
    """A chat completion, or embeddings, or an answer of Cohere's second version."""
    found = _chat.decode(body)
    _chat_told(told, found)
    if found.choices is None and found.finish_reason:
        told.finish = finish_of(found.finish_reason)
        told.usage = cohere_usage(found.usage)


def _chat_told(told: Told, chunk: _Chat) -> None:
    told.model = told.model or chunk.model
    for choice in chunk.choices or ():
        if choice.finish_reason:
            told.finish = finish_of(choice.finish_reason)
    if chunk.usage is not None:
        told.usage = openai_usage(chunk.usage, chunk.service_tier) or told.usage
    if chunk.error:
        told.error = message_of(chunk.error)


def _says_something(delta: _Delta | None) -> bool:
    return delta is not None and bool(
        delta.content
        or delta.tool_calls
        or delta.reasoning
        or delta.reasoning_content
        or delta.refusal
        or delta.function_call
        or delta.audio
    )


def _cohere_event(told: Told, chunk: _Chat) -> None:
    if chunk.type in ("content-delta", "tool-plan-delta", "tool-call-start", "tool-call-delta"):
        told.text_started = True
    elif chunk.type == "message-end" and is_object(chunk.delta):
        reason, error = chunk.delta.get("finish_reason"), chunk.delta.get("error")
        told.finish = finish_of(reason) if isinstance(reason, str) else told.finish
        told.usage = cohere_usage(chunk.delta.get("usage"))
        told.error = message_of(error) if error else told.error
        told.done = True


class _Message(msgspec.Struct):
    model: str | None = None
    stop_reason: str | None = None
    usage: object = None


class _MessageDelta(msgspec.Struct):
    type: str = ""
    stop_reason: str | None = None


class _Block(msgspec.Struct):
    type: str = ""


class _MessageEvent(msgspec.Struct):
    type: str = ""
    message: _Message | None = None
    delta: _MessageDelta | None = None
    content_block: _Block | None = None
    usage: object = None
    error: object = None


_message_event = msgspec.json.Decoder(_MessageEvent)
_message = msgspec.json.Decoder(_Message)


def message_event(told: Told, event: Event) -> None:
    """An event of Anthropic's messages."""
    if event.name == b"ping" or (told.text_started and event.name == b"content_block_delta"):
        return
    found = _message_event.decode(event.data)
    if found.type == "content_block_delta":
        told.text_started = True
    elif found.type == "content_block_start" and found.content_block is not None:
        told.text_started |= found.content_block.type not in ("text", "thinking")
    elif found.type == "message_start" and found.message is not None:
        told.model = found.message.model
        _counted(told, found.message.usage)
    elif found.type == "message_delta":
        _counted(told, found.usage)
        if found.delta is not None and found.delta.stop_reason:
            told.finish = finish_of(found.delta.stop_reason)
    elif found.type == "message_stop":
        told.done = True
    elif found.type == "error":
        told.error = message_of(found.error)


def message_answer(told: Told, body: bytes) -> None:
    """A whole message."""
    found = _message.decode(body)
    told.model = found.model
    told.finish = finish_of(found.stop_reason) if found.stop_reason else None
    told.usage = anthropic_usage(found.usage)


def _counted(told: Told, usage: object) -> None:
    if is_object(usage):
        told.counts.update((name, count) for name, count in usage.items() if count is not None)
        told.usage = anthropic_usage(told.counts)


class _Item(msgspec.Struct):
    type: str = ""


class _Incomplete(msgspec.Struct):
    reason: str | None = None


class _Response(msgspec.Struct):
    model: str | None = None
    status: str | None = None
    output: list[_Item] | None = None
    incomplete_details: _Incomplete | None = None
    usage: object = None
    service_tier: str | None = None
    error: object = None


class _ResponseEvent(msgspec.Struct):
    type: str = ""
    response: _Response | None = None
    item: _Item | None = None
    message: object = None
    error: object = None


_response_event = msgspec.json.Decoder(_ResponseEvent)
_response = msgspec.json.Decoder(_Response)
_ENDS = ("response.completed", "response.incomplete", "response.failed", "response.cancelled")


def response_event(told: Told, event: Event) -> None:
    """An event of OpenAI's responses."""
    if told.text_started and event.name.endswith(b".delta"):
        return
    found = _response_event.decode(event.data)
    if found.type.endswith(".delta"):
        told.text_started = True
    elif found.type == "response.output_item.added" and found.item is not None:
        told.text_started |= found.item.type not in ("message", "reasoning")
    elif found.type == "error":
        told.error = message_of(found.error or found.message)
    if found.response is not None:
        told.model = told.model or found.response.model
        if found.type in _ENDS:
            _response_told(told, found.response)
            told.done = True


def response_answer(told: Told, body: bytes) -> None:
    """A whole response."""
    found = _response.decode(body)
    told.model = found.model
    _response_told(told, found)


def _response_told(told: Told, found: _Response) -> None:
    told.usage = openai_usage(found.usage, found.service_tier) or told.usage
    if found.status == "failed":
        told.finish, told.error = "error", message_of(found.error)
    elif found.status == "cancelled":
        told.finish = "cancelled"
    elif found.status == "incomplete":
        reason = found.incomplete_details.reason if found.incomplete_details else None
        told.finish = "content_filter" if reason == "content_filter" else "length"
    elif found.status == "completed":
        called = any(item.type.endswith("_call") for item in found.output or ())
        told.finish = "tool_calls" if called else "stop"


def message_of(error: object) -> str:
    """The words of an error, however a provider wraps them."""
    if is_object(error):
        found = error.get("message") or error.get("error") or error.get("code") or "unknown"
        return message_of(found)
    return error if isinstance(error, str) else "unknown"
