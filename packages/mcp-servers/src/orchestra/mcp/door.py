"""The way into a server: nobody enters unknown, and what is open can be ended."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

import anyio
from mcp_types import INVALID_REQUEST, PARSE_ERROR
from orchestra.mcp.callers import caller_in, owner
from orchestra.mcp.strict import Unreadable, check_body
from orchestra.shared.errors import OrchestraError, TooLarge, Unauthenticated, Unavailable
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(eq=False, slots=True)
class _Request:
    """One request that is being answered."""

    key_id: str
    method: str
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    why: OrchestraError | None = None

    def end(self, why: OrchestraError) -> None:
        self.why = why
        self.scope.cancel()


class Door:
    """ASGI around a server. Serves only requests whose caller the host has found out."""

    def __init__(self, app: ASGIApp, *, body: int) -> None:
        """`body` is the most bytes that one may have."""
        self._app = app
        self._body = body
        self._open: set[_Request] = set()
        self._closed = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            caller = caller_in(HTTPConnection(scope))
            if self._closed:
                raise _stopping()
        except OrchestraError as error:
            await refuse(send, error)
            return
        answer = _Answer(send)
        # Space around a header's value is not part of it, but some HTTP parsers leave it there.
        headers = [(name, value.strip(b" \t")) for name, value in scope["headers"]]
        request = _Request(caller.key_id, scope["method"])
        if caller.expires_at is not None:
            left = (caller.expires_at - datetime.now(UTC)).total_seconds()
            request.scope.deadline = anyio.current_time() + left
        self._open.add(request)
        try:
            with request.scope:
                inner = {**scope, "headers": headers, "user": owner(caller)}
                if request.method == "POST":
                    receive = await _read(receive, self._body)
                await self._app(inner, receive, answer.send)
        except OrchestraError as error:
            await answer.end(error)
        finally:
            self._open.discard(request)
        if request.scope.cancelled_caught:
            await answer.end(request.why or _over("expired"))

    def close(self) -> None:
        """Let nobody in any more, and end the streams that would stay open by themselves."""
        self._closed = True
        for request in list(self._open):
            if request.method == "GET":
                request.end(_stopping())

    def end(self, key_id: str) -> None:
        """End everything that the key has open here."""
        for request in list(self._open):
            if request.key_id == key_id:
                request.end(_over("was revoked"))


async def _read(receive: Receive, limit: int) -> Receive:
    """Take the whole body in, and give it out again once it is known to be sound."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] != "http.request":  # the client went away

            async def gone(message: Message = message) -> Message:
                return message

            return gone
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > limit:
            raise TooLarge(f"the body is larger than {limit} bytes", hint="send less at once")
    check_body(body)
    given = False

    async def give() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return give


class _Answer:
    """An HTTP response, and how far it has got."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._started = False
        self._finished = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._started = True
        elif message["type"] == "http.response.body" and not message.get("more_body", False):
            self._finished = True
        await self._send(message)

    async def end(self, why: OrchestraError) -> None:
        """Finish what was begun, so that the client sees an end and not a broken connection."""
        if not self._started:
            await refuse(self._send, why)
        elif not self._finished:
            await self.send({"type": "http.response.body", "body": b"", "more_body": False})


async def refuse(send: Send, error: OrchestraError) -> None:
    """Answer a whole request with an error, as JSON-RPC that belongs to no message."""
    number = PARSE_ERROR if isinstance(error, Unreadable) else INVALID_REQUEST
    fault = {"code": number, "message": str(error), "data": {"code": error.code}}
    body = json.dumps({"jsonrpc": "2.0", "id": None, "error": fault}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    if error.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _over(how: str) -> Unauthenticated:
    return Unauthenticated(f"the key {how}", hint="ask for another: orchestra keys create NAME")


def _stopping() -> Unavailable:
    return Unavailable("Orchestra is stopping", hint="try again in a few seconds")
