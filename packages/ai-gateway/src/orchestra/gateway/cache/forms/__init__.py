"""Kept answers as documents and as streams: whether one is whole, and one made of the other."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

import msgspec
from orchestra.gateway.cache.forms import chat, messages, responses
from orchestra.gateway.calls import Answer, Endpoint
from orchestra.gateway.wire import Event, EventSplitter

Document = dict[str, Any]

_document = msgspec.json.Decoder(dict[str, Any])
_UNREADABLE = (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError)
_UNLIKE = (KeyError, IndexError, TypeError, ValueError, AttributeError)
"""What a document that is not of the format raises where it is read."""


class Form(Protocol):
    """One format of answers."""

    def is_whole(self, document: Document) -> bool:
        """Whether the answer came to its own end, with text and nothing to be done."""

    def gathered(self, events: list[tuple[str, Document]], ended: bool) -> Document | None:
        """The document that a stream carried; None where it holds what a document cannot say."""

    def streamed(self, document: Document, usage: bool) -> bytes:
        """The events that carry a document."""


_FORMS: Mapping[Endpoint, Form] = {"chat": chat, "messages": messages, "responses": responses}


def is_whole(endpoint: Endpoint, answer: Answer) -> bool:
    """Whether an answer may be given again: it stopped by itself, is not cut, and calls no tool."""
    ended = answer.finish == "stop" or endpoint == "embeddings"  # which do not stop: they are there
    return ended and document_of(endpoint, answer) is not None


def document_of(endpoint: Endpoint, answer: Answer) -> Document | None:
    """An answer as one document; None if it is not whole or cannot be read."""
    try:
        if endpoint == "embeddings":
            vectors = _document.decode(answer.body)
            return vectors if not answer.stream and vectors["data"] else None
        form = _FORMS[endpoint]
        document = _gathered(form, answer.body) if answer.stream else _document.decode(answer.body)
        return document if document is not None and form.is_whole(document) else None
    except (*_UNREADABLE, *_UNLIKE):
        return None


def replayed(endpoint: Endpoint, answer: Answer, *, stream: bool, usage: bool) -> Answer | None:
    """A kept answer in the form that a client asks for; as it was kept where that is the form.

    `usage` says whether a streamed chat is to end with the tokens that were used.
    """
    if answer.stream == stream and (
        not stream or endpoint != "chat" or says_usage(answer) == usage
    ):
        return answer
    document = document_of(endpoint, answer)
    if document is None or (stream and endpoint == "embeddings"):
        return None
    if endpoint == "chat" and answer.usage is not None and not document.get("usage"):
        document["usage"] = chat.usage_of(answer.usage)
    try:
        body = _FORMS[endpoint].streamed(document, usage) if stream else _encode(document)
    except _UNLIKE:
        return None
    return replace(answer, body=body, stream=stream)


def text_of(endpoint: Endpoint, answer: Answer) -> str | None:
    """What an answer says, in words; None where it is more or less than one text."""
    document = document_of(endpoint, answer)
    if document is None:
        return None
    try:
        if endpoint == "chat":
            (choice,) = document["choices"]
            return str(choice["message"]["content"])
        if endpoint == "messages":
            return "".join(part["text"] for part in document["content"] if part["type"] == "text")
        return "".join(
            part["text"]
            for item in document["output"]
            if item["type"] == "message"
            for part in item["content"]
        )
    except _UNLIKE:
        return None


class _Options(msgspec.Struct):
    include_usage: bool | None = None


class _Asking(msgspec.Struct):
    stream_options: _Options | None = None


def wants_usage(body: bytes) -> bool:
    """Whether a request for a streamed chat asks for the tokens too."""
    try:
        options = msgspec.json.decode(body, type=_Asking).stream_options
    except _UNREADABLE:
        return False
    return options is not None and options.include_usage is True


def says_usage(answer: Answer) -> bool:
    """Whether a streamed chat ends with an event of its own for the usage."""
    return b'"choices":[]' in answer.body.replace(b" ", b"")


def _gathered(form: Form, body: bytes) -> Document | None:
    splitter = EventSplitter()
    events: list[Event] = splitter.feed(body)
    if splitter.pending or splitter.dropped:
        return None  # it breaks off within an event
    ended = bool(events) and events[-1].data == b"[DONE]"
    told = [(e.name.decode(), _document.decode(e.data)) for e in events if e.data != b"[DONE]"]
    if any("error" in data and data["error"] for _, data in told):
        return None
    return form.gathered(told, ended)


def _encode(document: Document) -> bytes:
    return msgspec.json.encode(document)
