"""The outer wall: who may be addressed, from where, and how much may be sent."""

import asyncio
import ipaddress
from collections.abc import Callable, Sequence
from http import HTTPStatus
from time import perf_counter
from urllib.parse import urlsplit

from orchestra.api.problems import problem
from orchestra.shared.metrics import Metrics
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SEND = "orchestra.send"
"""Where a stream finds the server's own `send` in its scope: what lies between costs per event."""

BODY_LIMIT = 1024 * 1024  # bytes
_BODY_SECONDS = 30.0
_POLICY = (
    b"default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline';"
    b" frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"
)
_SAFE_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", _POLICY),
]


class Guard:
    """Plain ASGI middleware: it wraps nothing that a stream of events would pay for per event."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Sequence[str],
        metrics: Metrics,
        unbounded: Callable[[str], bool] = lambda _path: False,
    ) -> None:
        """`unbounded` are paths whose bodies are bounded by who serves them."""
        self._app = app
        self._unbounded = unbounded
        self._hosts = frozenset(host.lower() for host in hosts)
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = perf_counter(), 0

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *_SAFE_HEADERS]
            await send(message)

        scope[SEND] = send
        bounds_itself = self._unbounded(scope["path"])
        refusal = self._refusal(Headers(scope=scope), bounds_itself)
        try:
            if refusal is not None:
                await problem(*refusal)(scope, receive, send_guarded)
            else:
                bounded = receive if bounds_itself else _bounded(receive, BODY_LIMIT)
                await self._app(scope, bounded, send_guarded)
        finally:
            self._count(scope, status, perf_counter() - started)

    def _refusal(self, headers: Headers, bounds_itself: bool) -> tuple[int, str, str] | None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            return 421, "misdirected", f"this server does not answer for `{', '.join(hosts)[:80]}`"
        origin = headers.get("origin")
        if origin is not None and _host_of(origin) != hosts[0].lower():
            return 403, "origin", f"requests from `{origin[:80]}` are not served"
        if len(headers.getlist("authorization")) > 1:
            return 401, "unauthenticated", "there is more than one Authorization header"
        if headers.get("content-encoding", "identity") != "identity":
            return 415, "encoding", "bodies are taken as they are, not compressed"
        return None if bounds_itself else _length_refusal(headers)

    def _is_ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in self._hosts or name == "localhost":
            return True
        try:
            return ipaddress.ip_address(name).is_loopback
        except ValueError:
            return False

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = _route(scope)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.http_requests.labels(method, route, str(status)).inc()
        if not route.endswith("/stream"):  # its time is its reader's
            self._metrics.http_request_seconds.labels(route).observe(seconds)


def _host_of(origin: str) -> str:
    """Host and port of an origin; empty, which no Host header of ours is, when it is not one."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _route(scope: Scope) -> str:
    """The template that the address matched; never the address itself, of which there is no end."""
    path = getattr(scope.get("route"), "path", None)
    if path is None:
        return "other"
    return f"/api/v1{path}" if scope["path"].startswith("/api/v1/") else str(path)


def _length_refusal(headers: Headers) -> tuple[int, str, str] | None:
    length = headers.get("content-length")
    if length is None:
        return None
    if not length.isascii() or not length.isdigit():
        return HTTPStatus.BAD_REQUEST, "length", "Content-Length is not a number"
    if int(length) > BODY_LIMIT:
        return 413, "too-large", f"the body is {length} bytes; {BODY_LIMIT} are taken"
    return None


def _bounded(receive: Receive, limit: int) -> Receive:
    """Passes the body on for as long as it is within the limit and arrives in time."""
    got, complete = 0, False
    deadline = asyncio.get_running_loop().time() + _BODY_SECONDS

    async def receive_bounded() -> Message:
        nonlocal got, complete
        if complete:  # only the client's leaving is left to hear of, and that has no deadline
            return await receive()
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError:
            detail = f"the body did not arrive within {_BODY_SECONDS:g} s"
            raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, detail) from None
        if message["type"] == "http.request":
            got += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if got > limit:
                raise HTTPException(413, f"the body is larger than {limit} bytes")
        return message

    return receive_bounded
