"""A model provider of ours that fails on demand, over the wire that real providers speak."""

import asyncio
import json
import socket
import struct
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Any, Literal, Self

from orchestra.gateway.testing import scripts
from orchestra.gateway.testing.scripts import Said

Fault = Literal[
    "ok",
    "429-retry-after",  # once, with `Retry-After`; then it answers
    "429",  # each time
    "500-once",
    "500",
    "503",
    "529",
    "reset",  # the connection is reset before any answer
    "silent",  # no answer at all
    "slow-first-token",  # the head comes, the first token does not
    "cut",  # the connection ends in the middle
    "stall",  # and here it stays open, and nothing more comes
    "malformed",  # a piece in the middle cannot be read
    "no-done",  # everything but the sign of the end
    "context",  # the question is too long
    "filter",  # the question is refused
    "filtered",  # the answer ends because of what it says
    "no-prefill",  # it takes no beginning of its answer
    "flap",  # 503 for as long as `down` is set
    "401",
    "402",
    "400",
    "error-event",  # an error in the middle of the stream
    "redirect",  # to another host
    "html",  # 200, and a page that somebody in between wrote
]
_STATUS = {
    "429": (429, "rate_limit_exceeded", "Rate limit reached"),
    "500": (500, "server_error", "The server had an error"),
    "503": (503, "unavailable", "The service is unavailable"),
    "flap": (503, "unavailable", "The service is unavailable"),
    "529": (529, "overloaded_error", "Overloaded"),
    "401": (401, "invalid_api_key", "Incorrect API key provided: sk-…"),
    "402": (402, "insufficient_credits", "Insufficient credits"),
    "400": (400, "invalid_value", "`temperature` must be at most 2"),
    "context": (400, "context_length_exceeded", "This model's maximum context length is 8 tokens"),
    "filter": (400, "content_filter", "The prompt was refused by the content policy"),
    "no-prefill": (400, "invalid_request_error", "This model does not support prefill"),
}
_ONCE = {"429-retry-after": "429", "500-once": "500"}


@dataclass(slots=True)
class Seen:
    """A request that came."""

    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    pieces: int = 0
    """Events of a stream that were sent."""
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the client has left before the answer was complete."""

    @property
    def json(self) -> dict[str, Any]:
        """The body, which is an object."""
        value: dict[str, Any] = json.loads(self.body)
        return value

    @property
    def model(self) -> str:
        """The model that was asked for."""
        return str(self.json.get("model", ""))


class FaultyUpstream:
    """A context manager; serves at `url`. The fault is the model's name up to `--`, or queued.

    It never waits for a time to pass: what is late does not come at all until `release` is set.
    """

    def __init__(self, words: int = 8, *, cost: float | None = None) -> None:
        self.words = [f"word{n} " for n in range(words)]
        self.cost = cost
        self.requests: list[Seen] = []
        self.queue: deque[Fault] = deque()
        self.down = False
        """For the fault `flap`."""
        self.retry_after = "0"
        self.release = asyncio.Event()
        """What is late or stalled goes on."""
        self.arrived = asyncio.Event()
        """Set by each request; whoever waits for the next one clears it first."""
        self.url = ""
        self._once: set[tuple[str, str]] = set()
        self._server: asyncio.Server | None = None
        self.connections: set[_Connection] = set()

    def fail(self, *faults: Fault) -> None:
        """Let the next requests fail, one fault each, whatever their model."""
        self.queue.extend(faults)

    def fault_of(self, seen: Seen) -> str:
        """What goes wrong with a request."""
        fault = self.queue.popleft() if self.queue else seen.model.partition("--")[0]
        if fault in _ONCE:
            first = (fault, seen.model) not in self._once
            self._once.add((fault, seen.model))
            return _ONCE[fault] if first else "ok"
        return "ok" if fault == "flap" and not self.down else fault

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop listening and drop every connection."""
        if self._server is not None:
            self._server.close()
        for connection in list(self.connections):
            connection.drop()


class _Connection(asyncio.Protocol):
    """One connection, kept alive from request to request."""

    def __init__(self, upstream: FaultyUpstream) -> None:
        self._upstream = upstream
        self._buffer = bytearray()
        self._answering: asyncio.Task[None] | None = None
        self._seen: Seen | None = None
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what servers get
        self.transport = transport
        self._upstream.connections.add(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._answering is None and (seen := self._request()) is not None:
            self._seen = seen
            self._upstream.requests.append(seen)
            self._upstream.arrived.set()
            self._answering = asyncio.create_task(self._answer(seen))
            self._answering.add_done_callback(self._answered)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        self._upstream.connections.discard(self)
        if self._answering is not None and self._seen is not None:
            self._seen.cancelled.set()
            self._answering.cancel()

    def drop(self) -> None:
        """Close at once."""
        if self._answering is not None:
            self._answering.cancel()
        self.transport.abort()

    def _request(self) -> Seen | None:
        head, found, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        if not found:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            return None
        self._buffer = bytearray(rest[length:])
        return Seen(first.split(" ")[1].partition("?")[0], headers, rest[:length])

    def _answered(self, task: "asyncio.Task[None]") -> None:
        self._answering = None
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error
        if self._buffer and not self.transport.is_closing():
            self.data_received(b"")

    async def _answer(self, seen: Seen) -> None:
        path = seen.path[seen.path.index("/v1") + 3 :] if "/v1" in seen.path else seen.path
        if path not in scripts.WHOLE:
            self._json(404, scripts.refusal(path, 404, "not_found", f"no {seen.path}"))
            return
        fault = self._upstream.fault_of(seen)
        if fault in _STATUS:
            status, code, message = _STATUS[fault]
            self._json(status, scripts.refusal(path, status, code, message))
        elif fault == "reset":
            linger = struct.pack("ii", 1, 0)
            self.transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, linger
            )
            self.transport.abort()
        elif fault == "silent":
            await self._upstream.release.wait()
        elif fault == "redirect":
            self._send(307, "text/plain", b"", {"location": "http://127.0.0.1:9/v1"})
        elif fault == "html":
            self._send(200, "text/html", b"<html>Please sign in</html>")
        elif seen.json.get("stream") is True and path in scripts.STREAMED:
            await self._stream(path, seen, fault)
        else:
            await self._whole(path, seen, fault)

    def _said(self, seen: Seen, fault: str) -> Said:
        options = seen.json.get("stream_options") or {}
        finish = "content_filter" if fault == "filtered" else "stop"
        counts = options.get("include_usage") is True
        return Said(seen.model, self._upstream.words, finish, self._upstream.cost, counts)

    async def _whole(self, path: str, seen: Seen, fault: str) -> None:
        body = json.dumps(scripts.WHOLE[path](self._said(seen, fault))).encode()
        if fault in ("slow-first-token", "stall"):
            head = b"" if fault == "slow-first-token" else _head(200, "application/json", len(body))
            self.transport.write(head and head + body[:20])
            await self._upstream.release.wait()
            self.transport.write(body[20:] if head else _head(200, "application/json", len(body)))
            self.transport.write(b"" if head else body)
        elif fault == "cut":
            self.transport.write(_head(200, "application/json", len(body)) + body[:20])
            self.transport.close()
        else:
            self._send(200, "application/json", body[:-9] if fault == "malformed" else body)

    async def _stream(self, path: str, seen: Seen, fault: str) -> None:
        events = scripts.STREAMED[path](self._said(seen, fault))
        middle = len(events) // 2
        if fault == "no-done":
            events = [e for e in events if b"[DONE]" not in e and b"message_stop" not in e]
        elif fault == "malformed":
            events.insert(middle, b'data: {"choices": [{"delta": {"content": "wo\n\n')
        elif fault == "error-event":
            error = {"error": {"message": "upstream broke", "code": 502}}
            events[middle:] = [b"data: " + json.dumps(error).encode() + b"\n\n"]
        late = {"slow-first-token": 1, "stall": middle}.get(fault)
        self.transport.write(_head(200, "text/event-stream; charset=utf-8", None))
        for number, event in enumerate(events):
            if number == late:
                await self._upstream.release.wait()
            if fault == "cut" and number == middle:
                self.transport.close()
                return
            self.transport.write(b"%x\r\n%s\r\n" % (len(event), event))
            seen.pieces += 1
            await asyncio.sleep(0)
        self.transport.write(b"0\r\n\r\n")

    def _json(self, status: int, value: object) -> None:
        self._send(status, "application/json", json.dumps(value).encode())

    def _send(
        self, status: int, kind: str, body: bytes, extra: Mapping[str, str] | None = None
    ) -> None:
        extra = {"retry-after": self._upstream.retry_after} if status == 429 else extra
        self.transport.write(_head(status, kind, len(body), extra) + body)


def _head(
    status: int, kind: str, length: int | None, extra: Mapping[str, str] | None = None
) -> bytes:
    known = {s.value for s in HTTPStatus}
    phrase = HTTPStatus(status).phrase if status in known else "Other"
    framing = "transfer-encoding: chunked" if length is None else f"content-length: {length}"
    lines = [
        f"HTTP/1.1 {status} {phrase}",
        f"content-type: {kind}",
        framing,
        "x-request-id: up-1",
        "set-cookie: provider=1",
        "openai-organization: org-secret",
        *(f"{name}: {value}" for name, value in (extra or {}).items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode()
