"""Lets the head of an answer leave with what follows it: one packet, and one call of the system."""

import asyncio
from typing import Any

_LARGEST = 64 * 1024  # bytes of a head


class Together:
    """A transport to which servers write head and body apart."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head = b""

    def write(self, data: bytes) -> None:
        """Send; a head waits for what is written next, or for the end of this round of the loop."""
        if self._head:
            data, self._head = self._head + data, b""
        elif data.startswith(b"HTTP/1.1 ") and len(data) < _LARGEST:
            self._head = data
            self._loop.call_soon(self.flush)
            return
        self._transport.write(data)

    def flush(self) -> None:
        """Send what waits."""
        if self._head:
            data, self._head = self._head, b""
            self._transport.write(data)

    def close(self) -> None:
        """Close once all is sent."""
        self.flush()
        self._transport.close()

    def write_eof(self) -> None:
        """Say that there is no more."""
        self.flush()
        self._transport.write_eof()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the transport's own
        return getattr(self._transport, name)
