"""What an answer says of itself while it passes: usage, how it ended, its model, its errors."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import msgspec
from orchestra.gateway.calls import Endpoint, Finish, Usage
from orchestra.gateway.wire import answers
from orchestra.gateway.wire.formats import Format, spoken
from orchestra.gateway.wire.sse import Event, EventSplitter

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding JSON from a stranger may raise."""


class Reading(NamedTuple):
    """What was found; None where the answer does not say."""

    usage: Usage | None = None
    finish: Finish | None = None
    model: str | None = None
    error: str | None = None
    """The message of an error inside an answer that began well."""


class Meter:
    """Reads a stream along, and changes nothing.

    Feed it every piece that arrives. Once the first token was seen, an event that looks like the
    ones before it, that is one more token, is told by its edge and is not decoded.
    """

    __slots__ = ("_edge", "_form", "_is_like", "_read", "_splitter", "answer", "damaged")

    def __init__(self, dialect: str, endpoint: Endpoint) -> None:
        self._form: Format = spoken(endpoint, dialect) or "chat"
        self._splitter = EventSplitter()
        self._read = _READERS[self._form]
        self._is_like = _LIKE[self._form]
        self._edge = b""
        """What every event that is only one more token begins or ends with; empty if unknown."""
        self.answer = answers.Told()
        self.damaged = 0
        """Events that are no JSON of this format."""

    def feed(self, chunk: bytes) -> None:
        """The next bytes of the stream."""
        edge = self._edge
        if edge and self._is_like(chunk, edge) and self._splitter.idle:
            return
        answer = self.answer
        for event in self._splitter.feed(chunk):
            if event.data == b"[DONE]":
                answer.done = True
                continue
            try:
                self._read(answer, event)
            except UNREADABLE:
                self.damaged += 1
                continue
            if answer.text_started and answer.finish is None:
                self._edge = _EDGES[self._form](event)

    @property
    def usage(self) -> Usage | None:
        """The tokens so far; most providers say them at the end."""
        return self.answer.usage

    @property
    def finish(self) -> Finish | None:
        """How the answer ended, once the provider has said so."""
        return self.answer.finish

    @property
    def model(self) -> str | None:
        """The model that the provider says it is."""
        return self.answer.model

    @property
    def error(self) -> str | None:
        """The error that came in the middle of the stream."""
        return self.answer.error

    @property
    def text_started(self) -> bool:
        """Whether a token has come: of text, of reasoning or of a tool's arguments."""
        return self.answer.text_started

    @property
    def done(self) -> bool:
        """Whether the stream was brought to its end as its format wants it."""
        return self.answer.done

    @property
    def reading(self) -> Reading:
        """All of it so far."""
        answer = self.answer
        return Reading(answer.usage, answer.finish, answer.model, answer.error)


def usage_of_json(dialect: str, endpoint: Endpoint, body: bytes) -> Reading:
    """The same out of an answer that is one JSON document; nothing of one that cannot be read."""
    form = spoken(endpoint, dialect) or "chat"
    told = answers.Told()
    try:
        _WHOLE[form](told, body)
    except UNREADABLE:
        return Reading()
    return Reading(told.usage, told.finish, told.model, told.error)


class _Read(Protocol):
    def __call__(self, told: answers.Told, event: Event, /) -> None: ...


_MOST_EDGE = 200  # bytes; a longer one holds text


def _ends_like(chunk: bytes, edge: bytes) -> bool:
    """Where the last event is not the end, those before it are not either."""
    return chunk.endswith(edge) and b'"error"' not in chunk


def _is_one_like(chunk: bytes, edge: bytes) -> bool:
    return chunk.startswith(edge) and chunk.find(b"\n\n") == len(chunk) - 2


def _chat_edge(event: Event) -> bytes:
    """From the word that the end is not reached up to the last brace."""
    at = event.data.rfind(b'"finish_reason":null', -_MOST_EDGE)
    return event.data[at:] + b"\n\n" if at > 0 else b""


def _named_edge(event: Event) -> bytes:
    """The line with the event's name."""
    return b"event: %s\n" % event.name if event.name.endswith(b"delta") else b""


_READERS: dict[Format, _Read] = {
    "chat": answers.chat_event,
    "embeddings": answers.chat_event,
    "responses": answers.response_event,
    "messages": answers.message_event,
    "count_tokens": answers.message_event,
}
_EDGES: dict[Format, Callable[[Event], bytes]] = {
    "chat": _chat_edge,
    "embeddings": _chat_edge,
    "responses": _named_edge,
    "messages": _named_edge,
    "count_tokens": _named_edge,
}
_LIKE: dict[Format, Callable[[bytes, bytes], bool]] = {
    "chat": _ends_like,
    "embeddings": _ends_like,
    "responses": _is_one_like,
    "messages": _is_one_like,
    "count_tokens": _is_one_like,
}
_WHOLE: dict[Format, Callable[[answers.Told, bytes], None]] = {
    "chat": answers.chat_answer,
    "embeddings": answers.chat_answer,
    "responses": answers.response_answer,
    "messages": answers.message_answer,
    "count_tokens": answers.message_answer,
}
