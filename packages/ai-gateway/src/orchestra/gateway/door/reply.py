"""The answer to a client: whole, or piece by piece, for as long as the client is there."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, Self

from orchestra.gateway.door.asgi import Headers, Receive, Scope, Send

CONNECTION = "orchestra.connection"
"""Where a server that can tell it puts its connection into the scope."""


class Connection(Protocol):
    """What a server knows of a client."""

    @property
    def body_is_there(self) -> bool:
        """The whole body of the request has come."""
        ...

    def on_leaving(self, leaving: Callable[[], None] | None) -> None:
        """Call this once the client leaves."""
        ...


class Reply:
    """Sends an answer. While it is used as a context manager, a client that leaves cancels the
    task: whatever is under way for it, also upstream, ends at once.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._connection: Connection | None = scope.get(CONNECTION)
        self._watch: asyncio.Task[None] | None = None
        self._task: asyncio.Task[Any] | None = None
        self._receive = receive
        self._send = send
        self._over = False
        self.begun = False
        """Something was sent."""
        self.left = False
        """The client has gone."""

    def __enter__(self) -> Self:
        self._task = asyncio.current_task()
        if self._connection is not None:
            self._connection.on_leaving(self._client_left)
        else:
            self._watch = asyncio.get_running_loop().create_task(self._watch_client())
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        if self._connection is not None:
            self._connection.on_leaving(None)
        if self._watch is not None:
            self._watch.cancel()

    async def whole(self, status: int, headers: Headers, body: bytes) -> None:
        """Send a whole answer."""
        self._over = self.begun = True
        length = (b"content-length", b"%d" % len(body))
        await self._send(
            {"type": "http.response.start", "status": status, "headers": [*headers, length]}
        )
        await self._send({"type": "http.response.body", "body": body})

    async def begin(self, status: int, headers: Headers) -> None:
        """Send the head of a stream."""
        self.begun = True
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def piece(self, data: bytes) -> None:
        """Send a piece of a stream at once."""
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self) -> None:
        """End a stream."""
        self._over = True
        await self._send({"type": "http.response.body", "body": b""})

    async def _watch_client(self) -> None:
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                break
        self._client_left()

    def _client_left(self) -> None:
        if not self._over and self._task is not None:
            self.left = True
            self._task.cancel()
