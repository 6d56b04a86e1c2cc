"""The doors to models: OpenAI's and Anthropic's paths, answered in the words of each."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

import structlog
from orchestra.gateway.calls import Endpoint
from orchestra.gateway.door.asgi import Headers, Receive, Scope, Send
from orchestra.gateway.door.errors import error_body, error_event, headers_of, said, voice_of
from orchestra.gateway.door.models import models_body
from orchestra.gateway.door.reply import Reply
from orchestra.gateway.door.request import (
    ClientGone,
    call_of,
    key_of,
    read_body,
)
from orchestra.gateway.door.request import headers_of as request_headers
from orchestra.gateway.gateway import Gateway
from orchestra.gateway.routing.trail import Trail
from orchestra.shared.errors import NotFound, OrchestraError, Unavailable
from orchestra.shared.identity import Caller
from orchestra.shared.redaction import Redactor

_ENDPOINTS: dict[str, Endpoint] = {
    "/v1/chat/completions": "chat",
    "/v1/responses": "responses",
    "/v1/embeddings": "embeddings",
    "/v1/messages": "messages",
    "/v1/messages/count_tokens": "count_tokens",
}
_MODELS = "/v1/models"
_UNKNOWN = 1024 * 1024  # bytes that a body is taken to have which does not say
_MOST_HELD = 256 * 1024 * 1024  # bytes of all bodies together
_JSON: Headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]

Authorize = Callable[[str, str], Awaitable[Caller]]
"""The caller whom a key stands for; the second is the address that it came from."""

_log = structlog.get_logger(__name__)


class MethodNotAllowed(OrchestraError):
    """There is such a path, for another method."""

    status = 405
    code = "method-not-allowed"


class ModelDoor:
    """An ASGI application for the paths of `serves`."""

    def __init__(
        self,
        gateway: Gateway,
        authorize: Authorize,
        *,
        largest_body: int,
        redactor: Redactor,
        time: Callable[[], float],
    ) -> None:
        self._gateway = gateway
        self._authorize = authorize
        self._largest = largest_body
        self._redactor = redactor
        self._time = time
        self._held = 0
        """Bytes of bodies that are read or served."""

    @staticmethod
    def serves(path: str) -> bool:
        """Whether a path is one of ours."""
        return path in _ENDPOINTS or path == _MODELS or path.startswith(_MODELS + "/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        endpoint = _ENDPOINTS.get(scope["path"])
        reply = Reply(scope, receive, send)
        trail = Trail(self._time)
        try:
            if endpoint is not None and scope["method"] == "POST":
                await self._call(endpoint, scope, receive, reply, trail)
            else:
                await self._look(endpoint, scope, reply)
        except ClientGone:
            return
        except asyncio.CancelledError:
            if not reply.left:  # it is the server that stops
                raise
            asyncio.current_task().uncancel()  # type: ignore[union-attr]  # a request has a task
        except OrchestraError as error:
            await self._refuse(endpoint, error, reply, trail)
        except Exception as error:  # noqa: BLE001 - the top: a client gets an answer, not a trace
            incident = uuid4().hex[:12]
            _log.error("unexpected error in the gateway", incident=incident, exc_info=error)
            failed = OrchestraError(
                f"something went wrong that should not have; the log has it as {incident}"
            )
            await self._refuse(endpoint, failed, reply, trail)

    async def _call(
        self, endpoint: Endpoint, scope: Scope, receive: Receive, reply: Reply, trail: Trail
    ) -> None:
        headers = request_headers(scope)
        caller = await self._caller(headers, scope)
        length = headers.get("content-length", "")
        held = min(int(length), self._largest) if length.isdigit() else _UNKNOWN
        if self._held and self._held + held > _MOST_HELD:
            raise Unavailable(
                "the gateway holds as many large requests as it may", hint="try again in a moment"
            )
        self._held += held
        try:
            body = await read_body(scope, receive, headers, self._largest)
            call = call_of(endpoint, caller, headers, body)
            with reply:
                await self._gateway.answer(call, reply, trail)
        finally:
            self._held -= held

    async def _look(self, endpoint: Endpoint | None, scope: Scope, reply: Reply) -> None:
        path: str = scope["path"]
        if endpoint is not None or scope["method"] not in ("GET", "HEAD"):
            raise MethodNotAllowed(
                f"`{scope['method'][:20]}` is not for `{path[:80]}`",
                hint="POST asks a model; GET /v1/models lists what can be asked for",
            )
        await self._caller(request_headers(scope), scope)
        body = models_body(self._gateway.plans.names, path.removeprefix(_MODELS).strip("/"))
        if body is None:
            raise NotFound("there is no such model", hint="GET /v1/models lists them")
        await reply.whole(200, list(_JSON), body)

    async def _caller(self, headers: dict[str, str], scope: Scope) -> Caller:
        client = scope.get("client")
        caller = await self._authorize(key_of(headers), client[0] if client else "?")
        caller.require("models:use")
        return caller

    async def _refuse(
        self, endpoint: Endpoint | None, error: OrchestraError, reply: Reply, trail: Trail
    ) -> None:
        message = self._redactor.text(said(error))
        if reply.begun:  # its head is gone: the error goes into the stream
            await reply.piece(error_event(endpoint or "chat", error.code, message))
            await reply.end()
            return
        headers = [*_JSON, *headers_of(error)]
        if trail.attempts:
            headers.append((b"x-orchestra-attempts", b"%d" % len(trail.attempts)))
        if trail.route is not None:
            headers.append((b"x-orchestra-route", trail.route.encode()))
        if error.status in (408, 413):
            headers.append((b"connection", b"close"))  # what is left of the body is not read
        body = error_body(voice_of(endpoint), error.status, error.code, message)
        await reply.whole(error.status, headers, body)
