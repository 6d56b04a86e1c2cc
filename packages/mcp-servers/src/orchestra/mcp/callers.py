"""Finds out who asks: the host authenticates each HTTP request and leaves the caller in its state."""

from functools import lru_cache
from typing import Any

from orchestra.shared.errors import Unauthenticated
from orchestra.shared.identity import Caller
from starlette.requests import HTTPConnection

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.context import ServerRequestContext


def caller_of(ctx: ServerRequestContext[Any, Any]) -> Caller:
    """The caller of the request that carried a message, in either protocol era.

    Raises:
        Unauthenticated: the host let a request through without saying whose it is.
    """
    return _checked(ctx.request)


def caller_in(connection: HTTPConnection) -> Caller:
    """The caller of an HTTP request: `scope["state"]["caller"]`.

    Raises:
        Unauthenticated: there is none.
    """
    return _checked(connection)


def owner(caller: Caller) -> AuthenticatedUser:
    """The caller as the SDK knows users; a session is served only to the key that opened it."""
    return _owner(caller.key_id, caller.principal_id)


@lru_cache(maxsize=4096)
def _owner(key_id: str, principal_id: str) -> AuthenticatedUser:
    # The secret stays with the host; only the identity is compared.
    token = AccessToken(token="", client_id=key_id, scopes=[], subject=principal_id)
    return AuthenticatedUser(token)


def _checked(connection: object) -> Caller:
    if isinstance(connection, HTTPConnection):
        caller = getattr(connection.state, "caller", None)
        if isinstance(caller, Caller):
            return caller
    raise Unauthenticated(
        "the request carries no key", hint="send `Authorization: Bearer orc_…` with each request"
    )
