"""A request of a client: its headers, its body within bounds, and the call that it makes."""

import asyncio
import re

from orchestra.gateway.calls import Endpoint, ModelCall
from orchestra.gateway.door.asgi import Receive, Scope
from orchestra.gateway.door.peek import peek
from orchestra.gateway.door.reply import CONNECTION, Connection
from orchestra.shared.errors import Invalid, OrchestraError, TooLarge, Unauthenticated
from orchestra.shared.identity import Caller
from uuid_utils import uuid7

_ARRIVES = 30.0  # seconds that a body may take
_LONGEST_SESSION = 256  # characters
_STREAMED = frozenset({"chat", "responses", "messages"})
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,99}")


class BadRequest(OrchestraError):
    """It is not well formed."""

    status = 400
    code = "bad-request"


class TooSlow(OrchestraError):
    """The body did not arrive in time."""

    status = 408
    code = "timeout"


class ClientGone(Exception):
    """The client left before its request was complete."""


def headers_of(scope: Scope) -> dict[str, str]:
    """The headers by name; of several with one name, the last.

    Raises:
        Unauthenticated: there is more than one key.
    """
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key = name.decode("latin-1")
        if key in headers and key in ("authorization", "x-api-key"):
            raise Unauthenticated(f"there is more than one `{key}` header", hint="send one key")
        headers[key] = value.decode("latin-1")
    return headers


def key_of(headers: dict[str, str]) -> str:
    """The caller's key.

    Raises:
        Unauthenticated: there is none.
    """
    kind, _, token = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and token.strip():
        return token.strip()
    if key := headers.get("x-api-key", "").strip():
        return key
    raise Unauthenticated(
        "the request carries no key",
        hint="use an Orchestra key (`orc_…`) as the API key of your client; `orchestra keys create"
        " NAME --scope models:use` makes one",
    )


async def read_body(scope: Scope, receive: Receive, headers: dict[str, str], largest: int) -> bytes:
    """The whole body, of which no more than `largest` bytes are ever held.

    Raises:
        TooLarge: it is longer.
        TooSlow: it took too long to come.
        Invalid: it is compressed.
        ClientGone: it never came.
    """
    length = headers.get("content-length", "0")
    if length.isdigit() and int(length) > largest:
        raise _too_large(largest)
    if headers.get("content-encoding", "identity") != "identity":
        raise Invalid("the body is compressed", hint="send it as it is")
    connection: Connection | None = scope.get(CONNECTION)
    if connection is not None and connection.body_is_there:
        return await _read(receive, largest)
    try:
        async with asyncio.timeout(_ARRIVES):
            return await _read(receive, largest)
    except TimeoutError:
        raise TooSlow(f"the body did not arrive within {_ARRIVES:g} s") from None


async def _read(receive: Receive, largest: int) -> bytes:
    pieces: bytearray | None = None
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body: bytes = message.get("body", b"")
        if len(body) + len(pieces or b"") > largest:
            raise _too_large(largest)
        if pieces is None and not message.get("more_body", False):
            return body
        pieces = bytearray() if pieces is None else pieces
        pieces += body
        if not message.get("more_body", False):
            return bytes(pieces)


def _too_large(largest: int) -> TooLarge:
    return TooLarge(
        f"the body is larger than {largest} bytes",
        hint="shorten it; `largest_body` in the gateway's configuration is the limit",
    )


def call_of(endpoint: Endpoint, caller: Caller, headers: dict[str, str], body: bytes) -> ModelCall:
    """The call that a request makes.

    Raises:
        BadRequest: it makes none.
    """
    try:
        seen = peek(body)
    except Invalid as error:
        raise BadRequest(error.message, hint=error.hint) from None
    return ModelCall(
        id=f"req_{uuid7().hex}",
        caller=caller,
        endpoint=endpoint,
        model=seen.model,
        body=body,
        headers=headers,
        stream=seen.stream and endpoint in _STREAMED,
        max_tokens=seen.max_tokens,
        choices=seen.choices,
        temperature=seen.temperature,
        uses_tools=seen.uses_tools,
        messages=seen.messages,
        task=_label(headers, "x-orchestra-task"),
        task_class=_label(headers, "x-orchestra-class"),
        session=_session(headers, seen.user),
        model_at=seen.at,
        has_stream_options=seen.has_stream_options,
    )


def _session(headers: dict[str, str], user: str | None) -> str | None:
    """What the client calls its conversation; it is only ever compared, so any text will do."""
    for name in ("x-orchestra-session", "x-claude-code-session-id"):
        if value := headers.get(name):
            return value[:_LONGEST_SESSION]
    return None if user is None else user[:_LONGEST_SESSION]


def _label(headers: dict[str, str], name: str) -> str | None:
    value = headers.get(name)
    if value is not None and not _LABEL.fullmatch(value):
        raise BadRequest(
            f"the header `{name}` cannot be {value[:60]!a}",
            hint="use up to 100 letters, digits and _ . : / -",
        )
    return value
