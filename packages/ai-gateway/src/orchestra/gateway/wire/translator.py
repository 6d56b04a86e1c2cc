"""A call of one door in the format that a provider speaks, and its answer back again."""

import time
from typing import Protocol

from orchestra.gateway.calls import Endpoint
from orchestra.gateway.wire.chat_reader import ChatReader, chat_whole
from orchestra.gateway.wire.chat_to_cohere import to_cohere, to_cohere_embeddings
from orchestra.gateway.wire.chat_to_messages import to_messages
from orchestra.gateway.wire.chat_writer import ChatWriter
from orchestra.gateway.wire.fields import Dropped, decoded, written
from orchestra.gateway.wire.formats import Format, spoken
from orchestra.gateway.wire.messages_reader import MessagesReader, messages_whole
from orchestra.gateway.wire.messages_to_chat import to_chat
from orchestra.gateway.wire.messages_writer import MessagesWriter
from orchestra.gateway.wire.parts import Fail, Part, Whole
from orchestra.gateway.wire.response_items import OfferedTool
from orchestra.gateway.wire.responses_to_chat import echoed, from_responses
from orchestra.gateway.wire.responses_writer import ResponsesWriter
from orchestra.shared.json import JsonObject


class Stream(Protocol):
    """The events of a provider, turned into those of the door as they come."""

    def feed(self, chunk: bytes) -> bytes:
        """What this piece adds for the client; often nothing.

        Raises:
            Unreadable: it contradicts what was told already.
        """
        ...

    def finish(self) -> bytes:
        """The provider sends no more: the rest, and an error where it left off before its end."""
        ...

    def fail(self, message: str, code: str = "provider_error") -> bytes:
        """We give up on it: an error inside the stream, after which nothing follows."""
        ...


class _Reader(Protocol):
    def feed(self, chunk: bytes, /) -> list[Part]: ...

    def finish(self) -> list[Part]: ...


class _Writer(Protocol):
    def write(self, part: Part, /) -> bytes: ...

    def whole(self, answer: Whole, /) -> bytes: ...


class _Translation:
    """Reads one format and writes the other."""

    def __init__(self, reader: _Reader, writer: _Writer) -> None:
        self._reader, self._writer = reader, writer
        self._ended = False

    def feed(self, chunk: bytes) -> bytes:
        return self._written(self._reader.feed(chunk))

    def finish(self) -> bytes:
        return self._written(self._reader.finish())

    def fail(self, message: str, code: str = "provider_error") -> bytes:
        return self._written([Fail(message, code)])

    def _written(self, parts: list[Part]) -> bytes:
        """Nothing follows a failure."""
        out = b""
        for part in parts:
            if self._ended:
                break
            self._ended = isinstance(part, Fail)
            out += self._writer.write(part)
        return out


class _Same:
    """A stream that is in the format of the door already."""

    def __init__(self, writer: _Writer) -> None:
        self._writer = writer

    def feed(self, chunk: bytes) -> bytes:
        return chunk

    def finish(self) -> bytes:
        return b""

    def fail(self, message: str, code: str = "provider_error") -> bytes:
        return self._writer.write(Fail(message, code))


class Translator:
    """For one call: it remembers what the client asked for, and what had to be left out."""

    def __init__(self, door: Endpoint, dialect: str, form: Format, created: int) -> None:
        self._door, self._dialect, self._created = door, dialect, created
        self.format: Format = form
        """What goes to the provider."""
        self._dropped = Dropped()
        self._model = ""
        self._asked: JsonObject = {}
        self._offered: dict[str, OfferedTool] = {}

    @property
    def dropped(self) -> tuple[str, ...]:
        """The members of the request that the provider's format has no words for."""
        return tuple(self._dropped.paths)

    def request(self, body: bytes, model: str) -> bytes:
        """The body for the provider.

        Raises:
            Invalid: something in it cannot be left out and cannot be said; the error names it.
        """
        self._dropped, self._model, self._asked = Dropped(), model, decoded(body)
        return written(self._request(model))

    def response(self, body: bytes) -> bytes:
        """The whole answer for the client.

        Raises:
            Unreadable: the provider's answer is not of its format.
        """
        if self.format == self._door:
            return body
        whole = messages_whole(body) if self.format == "messages" else chat_whole(body)
        return self._writer().whole(whole)

    def stream(self) -> Stream:
        """The same for a stream."""
        if self.format == self._door:
            return _Same(self._writer())
        reader = MessagesReader() if self.format == "messages" else ChatReader()
        return _Translation(reader, self._writer())

    def _request(self, model: str) -> JsonObject:
        asked, dropped = self._asked, self._dropped
        if self._door == "embeddings":
            return to_cohere_embeddings(asked, model, dropped)
        is_openai = self._dialect == "openai"
        chat = asked
        if self._door == "messages":
            chat = to_chat(asked, model, dropped, is_openai=is_openai)
        elif self._door == "responses":
            chat, self._offered = from_responses(asked, model, dropped, is_openai=is_openai)
        if self._dialect == "cohere":
            if chat is not asked:
                chat.pop("stream_options", None)  # ours, and Cohere counts without it
            return to_cohere(chat, model, dropped)
        return to_messages(chat, model, dropped) if self.format == "messages" else chat

    def _writer(self) -> _Writer:
        if self._door == "messages":
            return MessagesWriter(self._model)
        if self._door == "responses":
            repeated = echoed(self._asked)
            return ResponsesWriter(self._model, self._created, self._offered, repeated)
        options = self._asked.get("stream_options")
        with_usage = isinstance(options, dict) and options.get("include_usage") is True
        return ChatWriter(self._model, self._created, with_usage=with_usage)


def translator(door: Endpoint, dialect: str, created: int | None = None) -> Translator | None:
    """What turns a call of this door into the dialect; None where it can be sent as it is.

    Raises:
        LookupError: no provider of that dialect answers such calls; `spoken` tells beforehand.
    """
    form = spoken(door, dialect)
    if form is None:
        raise LookupError(f"{dialect} has nothing for {door}")
    if form == door and dialect != "cohere":
        return None
    return Translator(door, dialect, form, int(time.time()) if created is None else created)
