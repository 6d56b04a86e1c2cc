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

    Feed it every piece that arrives. Once the first token was seen, pieces that are nothing but
    more text are told by a look at their bytes and are not decoded.
    """

    __slots__ = ("_quiet", "_read", "_splitter", "answer", "damaged")

    def __init__(self, dialect: str, endpoint: Endpoint) -> None:
        form = spoken(endpoint, dialect) or "chat"
        self._splitter = EventSplitter()
        self._read = _READERS[form]
        self._quiet = _QUIET[form]
        self.answer = answers.Told()
        self.damaged = 0
        """Events that are no JSON of this format."""

    def feed(self, chunk: bytes) -> None:
        """The next bytes of the stream."""
        answer, splitter = self.answer, self._splitter
        if answer.text_started and splitter.is_whole(chunk) and self._quiet(chunk):
            return
        for event in splitter.feed(chunk):
            if event.data == b"[DONE]":
                answer.done = True
                continue
            try:
                self._read(answer, event)
            except UNREADABLE:
                self.damaged += 1

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


def _chat_is_quiet(chunk: bytes) -> bool:
    """Each event says that the end is not reached, none tells a usage or an error."""
    return (
        chunk.count(b'"finish_reason":null') == chunk.count(b"\n\n")
        and b'"finish_reason":"' not in chunk
        and b'"usage":{' not in chunk
        and b'"error"' not in chunk
    )


def _messages_are_quiet(chunk: bytes) -> bool:
    return chunk.count(b"event: content_block_delta\n") == chunk.count(b"\n\n")


def _response_is_quiet(chunk: bytes) -> bool:
    return chunk.count(b".delta\ndata: ") == chunk.count(b"\n\n")


_READERS: dict[Format, _Read] = {
    "chat": answers.chat_event,
    "embeddings": answers.chat_event,
    "responses": answers.response_event,
    "messages": answers.message_event,
    "count_tokens": answers.message_event,
}
_QUIET: dict[Format, Callable[[bytes], bool]] = {
    "chat": _chat_is_quiet,
    "embeddings": _chat_is_quiet,
    "responses": _response_is_quiet,
    "messages": _messages_are_quiet,
    "count_tokens": _messages_are_quiet,
}
_WHOLE: dict[Format, Callable[[answers.Told, bytes], None]] = {
    "chat": answers.chat_answer,
    "embeddings": answers.chat_answer,
    "responses": answers.response_answer,
    "messages": answers.message_answer,
    "count_tokens": answers.message_answer,
}
