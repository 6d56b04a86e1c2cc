"""One connection to a provider: HTTP/1.1 by llhttp, one exchange after the other."""

import asyncio
from collections.abc import Callable, Mapping

import httptools
from orchestra.gateway.routing.failures import Fault

_HIGH = 256 * 1024  # bytes of an answer that wait to be read, before the provider is slowed down
_SMALL = 64 * 1024  # bytes: copied, so that they leave together
_LARGEST_HEAD = 64 * 1024  # bytes


class HttpResponse:
    """An answer of which the head is there; its body comes in pieces."""

    __slots__ = (
        "_connection",
        "complete",
        "error",
        "headers",
        "pieces",
        "size",
        "status",
        "waiter",
    )

    def __init__(self, connection: "HttpConnection") -> None:
        self._connection = connection
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self.pieces: list[bytes] = []
        self.size = 0
        """Bytes in `pieces`."""
        self.complete = False
        self.error: Fault | None = None
        self.waiter: asyncio.Future[None] | None = None

    def __aiter__(self) -> "HttpResponse":
        return self

    async def __anext__(self) -> bytes:
        while not self.pieces:
            if self.error is not None:
                raise self.error
            if self.complete:
                raise StopAsyncIteration
            await self.wait()
        pieces = self.pieces
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        if self.size > _HIGH:
            self._connection.resume(self)
        self.size = 0
        return data

    async def wait(self) -> None:
        """Until something has changed."""
        self.waiter = asyncio.get_running_loop().create_future()
        try:
            await self.waiter
        finally:
            self.waiter = None

    def wake(self) -> None:
        """Let whoever waits look again."""
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    def close(self) -> None:
        """Let go at once: what has not come yet is cancelled by closing the connection."""
        self._connection.let_go(self)


class HttpConnection(asyncio.Protocol):
    """What a pool keeps; `idle` is called whenever another request may be sent."""

    def __init__(self, idle: Callable[["HttpConnection"], None]) -> None:
        self._idle = idle
        self._parser = httptools.HttpResponseParser(self)
        self._head: dict[str, str] = {}
        self._head_size = 0
        self._in_head = True
        self._endless = False
        """The body ends with the connection."""
        self._response: HttpResponse | None = None
        self._paused = False
        self.transport: asyncio.Transport
        self.lost = False
        self.fresh = True
        """No answer has come over it yet."""
        self.idle_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self.transport = transport  # type: ignore[assignment]  # what a connection over TCP gets

    def send(self, request: bytes, body: bytes) -> HttpResponse:
        """Send a request; the answer is filled in as it comes."""
        response = self._response = HttpResponse(self)
        self._endless = False
        self._head, self._head_size, self._in_head = {}, 0, True
        if len(body) < _SMALL:
            self.transport.write(request + body)
        else:
            self.transport.writelines((request, body))
        return response

    def resume(self, response: HttpResponse) -> None:
        """Let the provider go on."""
        if self._paused and self._response is response and not self.lost:
            self._paused = False
            self.transport.resume_reading()

    def let_go(self, response: HttpResponse) -> None:
        """End an exchange that is not complete, and the connection with it."""
        if self._response is response:
            self._response = None
            self.lost = True
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Read on."""
        response = self._response
        if response is None:  # nobody has asked
            self.lost = True
            self.transport.abort()
            return
        if self._in_head:
            self._head_size += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(response, Fault("garbled", "the answer is not HTTP"))
            return
        if self._in_head and self._head_size > _LARGEST_HEAD:
            self._fail(response, Fault("garbled", "the head of the answer is too long"))
            return
        if response.size > _HIGH and not self._paused and not response.complete:
            self._paused = True
            self.transport.pause_reading()
        response.wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is closed, by whomever."""
        self.lost = True
        response = self._response
        if response is None:
            return
        if self._endless and exc is None and not self._in_head:
            self._response = None
            response.complete = True
            response.wake()
            return
        fault = Fault("reset" if self._in_head else "cut", "the connection broke")
        self._fail(response, fault)

    def _fail(self, response: HttpResponse, fault: Fault) -> None:
        self._response = None
        self.lost = True
        response.error = fault
        response.wake()
        self.transport.abort()

    # what the parser calls

    def on_header(self, name: bytes, value: bytes) -> None:
        """One line of the head."""
        self._head[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """The head is there, unless it is one that only says that another follows."""
        status = self._parser.get_status_code()
        if status < 200:
            self._head = {}
            return
        response, head = self._response, self._head
        self._head = {}  # what follows the body does not change it
        if response is None:  # an answer to nothing: whose would the next one be?
            self.lost = True
            self.transport.abort()
        else:
            self._in_head, self.fresh = False, False
            self._endless = "content-length" not in head and "transfer-encoding" not in head
            response.headers = head
            response.status = status

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        response = self._response
        if response is not None:
            response.pieces.append(body)
            response.size += len(body)

    def on_message_complete(self) -> None:
        """The answer is there."""
        response = self._response
        if response is None or self._in_head:
            return
        self._response = None
        response.complete = True
        if self._paused:
            self._paused = False
            self.transport.resume_reading()
        if self._parser.should_keep_alive() and not self.lost:
            self._idle(self)
        else:
            self.lost = True
            self.transport.close()
