"""OpenAI's chat completions, whole or as a stream, as the parts of an answer."""

import msgspec
from orchestra.gateway.calls import Finish, Usage
from orchestra.gateway.wire.answers import message_of
from orchestra.gateway.wire.chat_calls import Calls
from orchestra.gateway.wire.parts import (
    CUT,
    Begin,
    End,
    Fail,
    Part,
    Reasoning,
    Text,
    Tool,
    Unreadable,
    Whole,
)
from orchestra.gateway.wire.sse import EventSplitter
from orchestra.gateway.wire.usage import finish_of, is_object, openai_usage

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: object = None


class _Call(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Message(msgspec.Struct):
    content: object = None
    reasoning: object = None
    reasoning_content: object = None
    reasoning_details: object = None
    refusal: object = None
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct):
    index: int | None = 0
    delta: _Message | None = None
    message: _Message | None = None
    finish_reason: str | None = None


class _Chat(msgspec.Struct):
    id: str | None = None
    model: str | None = None
    choices: list[_Choice] | None = None
    usage: object = None
    service_tier: str | None = None
    error: object = None


_chat = msgspec.json.Decoder(_Chat)


def chat_whole(body: bytes) -> Whole:
    """A chat completion.

    Raises:
        Unreadable: it is none.
    """
    try:
        found = _chat.decode(body)
    except _UNREADABLE as error:
        raise Unreadable(str(error)) from None
    choice = next((choice for choice in found.choices or () if choice.message is not None), None)
    if choice is None or choice.message is None:
        raise Unreadable(message_of(found.error) if found.error else "no choice is in it")
    calls = [
        Tool(call.id or f"call_{index}", call.function.name or "", _arguments(call.function))
        for index, call in enumerate(choice.message.tool_calls or ())
        if call.function is not None
    ]
    finish = finish_of(choice.finish_reason or "stop")
    usage = openai_usage(found.usage, found.service_tier)
    finish = "tool_calls" if calls and finish == "stop" else finish
    whole = Whole(found.id or "", found.model or "", finish, usage)
    whole.content += _said(choice.message)
    whole.content += calls
    return whole


class ChatReader:
    """The stream of one chat completion."""

    def __init__(self) -> None:
        self._splitter = EventSplitter()
        self._calls = Calls()
        self._begun = self._ended = self._done = False
        self._finish: Finish | None = None
        self._usage: Usage | None = None

    def feed(self, chunk: bytes) -> list[Part]:
        """The parts that this piece completes."""
        parts: list[Part] = []
        for event in self._splitter.feed(chunk):
            if event.data == b"[DONE]":
                self._done = True
                parts += self.finish()
            if self._ended:
                break
            try:
                found = _chat.decode(event.data)
            except _UNREADABLE:
                continue  # one damaged event; the meter counts it
            parts += self._read(found)
        return parts

    def finish(self) -> list[Part]:
        """The end, or that there was none: the provider sends no more."""
        if self._ended:
            return []
        self._ended = True
        if self._finish is None and not self._done:
            return [CUT]
        begin: list[Part] = [] if self._begun else [Begin("", "")]
        finish = self._finish or "stop"
        if finish == "stop" and self._calls.any:
            finish = "tool_calls"
        return [*begin, *self._calls.rest(), End(finish, self._usage)]

    def _read(self, found: _Chat) -> list[Part]:
        parts: list[Part] = []
        if found.error:
            self._ended = True
            return [Fail(message_of(found.error), "provider_error")]
        if not self._begun:
            self._begun = True
            parts.append(Begin(found.id or "", found.model or ""))
        if found.usage is not None:
            self._usage = openai_usage(found.usage, found.service_tier) or self._usage
        for choice in found.choices or ():
            if not choice.index:
                parts += self._choice(choice)
        return parts

    def _choice(self, choice: _Choice) -> list[Part]:
        parts: list[Part] = []
        if choice.delta is not None:
            for said in _said(choice.delta):
                parts += self._calls.text(said)
            for call in choice.delta.tool_calls or ():
                function = call.function or _Function()
                name, arguments = function.name or "", _arguments(function)
                parts += self._calls.delta(call.index, call.id or "", name, arguments)
        if choice.finish_reason:
            self._finish = finish_of(choice.finish_reason)
            if self._finish == "error":
                self._ended = True
                parts.append(Fail("the provider ended its answer with an error", "provider_error"))
        return parts


def _said(message: _Message) -> list[Text | Reasoning]:
    content = message.content
    if isinstance(content, str) and not _says_more(message):  # nearly every event of a stream
        return [Text(content)] if content else []
    said: list[Text | Reasoning] = [*_thoughts(message)]
    texts = message.content if isinstance(message.content, list) else [message.content]
    for text in [*texts, message.refusal]:
        found = text.get("text") if is_object(text) else text
        if isinstance(found, str) and found:
            said.append(Text(found))
    return said


def _says_more(message: _Message) -> bool:
    return bool(
        message.reasoning
        or message.reasoning_content
        or message.reasoning_details
        or message.refusal
    )


def _thoughts(message: _Message) -> list[Reasoning]:
    """With its signature where OpenRouter gives it; the plain text beside it is the same one."""
    found = message.reasoning_details
    details = [one for one in found if is_object(one)] if isinstance(found, list) else []
    thoughts = [
        Reasoning(_text(one.get("text")), _text(one.get("signature")))
        for one in details
        if one.get("type") == "reasoning.text"
    ]
    plain = _text(message.reasoning) or _text(message.reasoning_content)
    return thoughts or ([Reasoning(plain)] if plain else [])


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _arguments(function: _Function) -> str:
    """Some hosts give an object where a text is due."""
    found = function.arguments
    if isinstance(found, str):
        return found
    return "" if found is None else msgspec.json.encode(found).decode()
