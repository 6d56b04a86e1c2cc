"""One connection of the HTTP server, which takes no endless request head."""

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_LIMIT = 64 * 1024  # bytes of a request line and its headers
_LINGER = 2.0  # seconds that a refused client gets to read why


_BODY = orjson.dumps(
    {
        "type": "urn:orchestra:problem:head-too-large",
        "title": "Request Header Fields Too Large",
        "status": 431,
        "detail": f"the request line and the headers are more than {HEAD_LIMIT} bytes",
        "hint": "send fewer or shorter headers; a long value belongs into the body",
    }
)
_REFUSAL = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: application/problem+json\r\n"
    b"connection: close\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(_BODY), _BODY)
)
"""Ready made: whoever is refused costs nothing, and no framework is needed for it."""


class Connection(HttpToolsProtocol):
    """The parser keeps a head until it is complete, before anyone has shown a key: it is bounded."""

    _pending = 0  # bytes taken since a head, a part of a body, or a request was complete
    _refused = False

    def data_received(self, data: bytes) -> None:
        """Parse what has come, unless it is more than a head may have."""
        if self._refused:
            return  # read away, so that closing does not take the answer with it
        self._pending += len(data)
        super().data_received(data)
        if self._pending > HEAD_LIMIT:
            self._refuse()

    def on_headers_complete(self) -> None:
        """Serve the request, unless one piece brought a head that is too long."""
        self._pending = 0
        lines = sum(len(name) + len(value) + 4 for name, value in self.headers)
        if len(self.url) + lines > HEAD_LIMIT:
            self._refuse()
        if not self._refused:
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

    def _refuse(self) -> None:
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.close()  # the answer to an earlier request is under way
            return
        self.transport.write(_REFUSAL)
        self.transport.write_eof()
        self.loop.call_later(_LINGER, self.transport.close)
