"""One connection of the HTTP server, which takes no endless request head, nor waits for one for ever."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import cast

import orjson
from orchestra.api.together import Together
from orchestra.gateway.door.reply import CONNECTION
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_LIMIT = 64 * 1024  # bytes of a request line and its headers
HEAD_SECONDS = 10.0  # until they are complete
_LINGER = 2.0  # seconds that a refused client gets to read why


def _answer(status: HTTPStatus, code: str, detail: str, hint: str) -> bytes:
    """A whole answer: no framework is needed for it."""
    said = {
        "type": f"urn:orchestra:problem:{code}",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        "hint": hint,
    }
    body = orjson.dumps(said)
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: application/problem+json\r\n"
        f"connection: close\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


_TOO_LARGE = _answer(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    "head-too-large",
    f"the request line and the headers are more than {HEAD_LIMIT} bytes",
    "send fewer or shorter headers; a long value belongs into the body",
)
_TOO_SLOW = _answer(
    HTTPStatus.REQUEST_TIMEOUT,
    "head-too-slow",
    f"the request line and the headers did not arrive within {HEAD_SECONDS:g} s",
    "send them in one piece",
)
"""Ready made: whoever is refused costs nothing."""


class Connection(HttpToolsProtocol):
    """The parser keeps a head until it is complete, before anyone has shown a key: it is bounded.

    A connection on which no head becomes complete in time is ended: it would cost a file for ever.
    """

    _pending = 0  # bytes taken since a head, a part of a body, or a request was complete
    _refused = False
    _heading: asyncio.TimerHandle | None = None
    _leaving: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the class above
        """Wait for a request, for a while."""
        super().connection_made(transport)
        self.transport = cast("asyncio.Transport", Together(transport, self.loop))
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._stop_waiting()
        super().connection_lost(exc)
        leaving, self._leaving = self._leaving, None
        if leaving is not None:
            leaving()

    @property
    def body_is_there(self) -> bool:
        """The whole body of the request has come."""
        return self.cycle is not None and not self.cycle.more_body

    def on_leaving(self, leaving: Callable[[], None] | None) -> None:
        """Call this once the client leaves, which costs less than a task that waits for it."""
        self._leaving = leaving
        if leaving is not None:
            self.flow.resume_reading()  # or its leaving would not be noticed

    def on_message_begin(self) -> None:
        """Wait for the rest of a head, for a while."""
        super().on_message_begin()
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """Parse what has come, unless it is more than a head may have."""
        if self._refused:
            return  # read away, so that closing does not take the answer with it
        self._pending += len(data)
        super().data_received(data)
        if self._pending > HEAD_LIMIT:
            self._refuse(_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """Serve the request, unless one piece brought a head that is too long."""
        self._stop_waiting()
        self._pending = 0
        lines = sum(len(name) + len(value) + 4 for name, value in self.headers)
        if len(self.url) + lines > HEAD_LIMIT:
            self._refuse(_TOO_LARGE)
        if not self._refused:
            self.scope[CONNECTION] = self  # type: ignore[literal-required]  # ours
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Pass a part of a body on; how long bodies may be is for the guard to say."""
        self._pending = 0
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        self._pending = 0
        if not self._refused:
            super().on_message_complete()

    def _wait_for_head(self) -> None:
        if self._heading is None:
            self._heading = self.loop.call_later(HEAD_SECONDS, self._late)

    def _stop_waiting(self) -> None:
        if self._heading is not None:
            self._heading.cancel()
            self._heading = None

    def _late(self) -> None:
        if self._pending:
            self._refuse(_TOO_SLOW)
        else:  # nothing was ever said
            self.transport.close()

    def _refuse(self, why: bytes) -> None:
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.close()  # the answer to an earlier request is under way
            return
        self.transport.write(why)
        self.transport.write_eof()
        self.loop.call_later(_LINGER, self.transport.close)
