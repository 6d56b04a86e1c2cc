"""One raw connection that goes on, read by a thread of its own, with the time of each arrival."""

import json
import socket
import threading
import time
from bisect import bisect_left
from urllib.parse import urlsplit

from orchestra.shared.errors import Unavailable

MCP_VERSION = "2026-07-28"


class Listener:
    """Keeps what arrives. `wait` says when something did; times are of `time.monotonic`."""

    def __init__(self, url: str, opening: bytes, ready: bytes) -> None:
        address = urlsplit(url)
        self._socket = socket.create_connection((address.hostname, address.port), timeout=10)
        self._socket.settimeout(None)
        self._buffer = bytearray()
        self._ends: list[int] = []
        self._times: list[float] = []
        self._grown = threading.Condition()
        self._socket.sendall(opening)
        threading.Thread(target=self._read, daemon=True, name="listener").start()
        if self.wait(ready, 0, within=15) is None:
            raise Unavailable(
                f"the stream does not open: {bytes(self._buffer[:400])!r}",
                hint="see the log of the API",
            )

    @property
    def here(self) -> int:
        """How much has arrived: a place to search from."""
        with self._grown:
            return len(self._buffer)

    def wait(self, mark: bytes, start: int, *, within: float = 5.0) -> float | None:
        """When `mark`, after the place `start`, arrived; None when it did not in time."""
        deadline = time.monotonic() + within
        with self._grown:
            while (at := self._buffer.find(mark, start)) < 0:
                if not self._grown.wait(max(0.0, deadline - time.monotonic())):
                    return None
            return self._times[bisect_left(self._ends, at + len(mark))]

    def since(self, start: int) -> bytes:
        """What has arrived after a place."""
        with self._grown:
            return bytes(self._buffer[start:])

    def close(self) -> None:
        """Hang up."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _read(self) -> None:
        while True:
            try:
                chunk = self._socket.recv(262_144)
            except OSError:
                return
            now = time.monotonic()
            if not chunk:
                return
            with self._grown:
                self._buffer += chunk
                self._ends.append(len(self._buffer))
                self._times.append(now)
                self._grown.notify_all()


def sse_request(key: str) -> bytes:
    """The request that opens the stream of the context."""
    return (
        "GET /api/v1/context/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {key}\r\nAccept: text/event-stream\r\n\r\n"
    ).encode()


def mcp_request(key: str, uri: str) -> bytes:
    """The request by which an MCP client listens to a resource."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": MCP_VERSION,
        "io.modelcontextprotocol/clientInfo": {"name": "orchestra-bench", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    parameters = {"notifications": {"resourceSubscriptions": [uri]}, "_meta": meta}
    message = {
        "jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": parameters,
    }  # fmt: skip
    body = json.dumps(message)
    return (
        "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\n"
        f"Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: {MCP_VERSION}\r\n"
        f"Mcp-Method: subscriptions/listen\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()
