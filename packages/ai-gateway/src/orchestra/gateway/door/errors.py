"""Errors in the dialect of the door that the client came through."""

import math
from typing import Literal

import msgspec
from orchestra.gateway.calls import Endpoint
from orchestra.gateway.wire import Format
from orchestra.shared.errors import OrchestraError
from orchestra.shared.wording import plain

Voice = Literal["openai", "anthropic"]

_OPENAI = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "insufficient_quota",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
}
_ANTHROPIC = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def voice_of(endpoint: Endpoint | Format | None) -> Voice:
    """How a door speaks, or a format."""
    return "anthropic" if endpoint in ("messages", "count_tokens") else "openai"


def message_in(body: bytes) -> str:
    """What an error of a provider says, whatever its dialect; empty where that cannot be told."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    error = found.get("error", found) if isinstance(found, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    return plain(message) if isinstance(message, str) else ""


def error_body(voice: Voice, status: int, code: str, message: str) -> bytes:
    """An error as the clients of that dialect read it."""
    if voice == "anthropic":
        kind = _ANTHROPIC.get(status, "api_error")
        return msgspec.json.encode({"type": "error", "error": {"type": kind, "message": message}})
    kind = _OPENAI.get(status, "server_error")
    error = {"message": message, "type": kind, "param": None, "code": code}
    return msgspec.json.encode({"error": error})


def error_event(endpoint: Endpoint, code: str, message: str) -> bytes:
    """The same inside of a stream that has begun; no sign of a good end follows it."""
    if voice_of(endpoint) == "anthropic":
        return b"event: error\ndata: " + error_body("anthropic", 500, code, message) + b"\n\n"
    if endpoint == "responses":
        event = {"type": "error", "code": code, "message": message, "param": None}
        return b"event: error\ndata: " + msgspec.json.encode(event) + b"\n\n"
    return b"data: " + error_body("openai", 502, code, message) + b"\n\n"


def headers_of(error: OrchestraError) -> list[tuple[bytes, bytes]]:
    """What else an error tells: when to come again, and how to show a key."""
    headers = []
    retry_after = getattr(error, "retry_after", None)
    if retry_after is not None:
        headers.append((b"retry-after", b"%d" % max(1, math.ceil(retry_after))))
    if error.status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="orchestra"'))
    return headers


def said(error: OrchestraError) -> str:
    """An error and what to do about it, in one line."""
    return f"{error.message}; {error.hint}" if error.hint else error.message
