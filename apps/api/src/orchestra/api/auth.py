"""Who is calling: a bearer key or a session cookie, on every route."""

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPBearer, SecurityScopes
from orchestra.api.state import State, state_of
from orchestra.shared.errors import Unauthenticated
from orchestra.shared.identity import Caller
from starlette.requests import HTTPConnection

COOKIE = "orchestra_session"

_bearer = HTTPBearer(auto_error=False, description="An API key: `orc_…`")
_cookie = APIKeyCookie(name=COOKIE, auto_error=False, description="A dashboard session")


def bearer(connection: HTTPConnection) -> str | None:
    """The bearer token of a request, if its Authorization header is of that form."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


async def authenticate(connection: HTTPConnection, state: State) -> Caller:
    """The caller of a request; counts against the caller's rate.

    Raises:
        Unauthenticated: there are no credentials, or none that are good.
        TooManyRequests: the caller's rate, or that of failures from its address, is used up.
    """
    peer = connection.client.host if connection.client else "?"
    try:
        if token := bearer(connection):
            caller = await state.identity.check_key(token)
        elif "authorization" not in connection.headers and (
            session := connection.cookies.get(COOKIE)
        ):
            caller = await state.identity.check_session(session)
        else:
            raise Unauthenticated(
                "the request carries no credentials",
                hint="send `Authorization: Bearer orc_…`; the first key is in the state folder's"
                " `admin.key`",
            )
    except Unauthenticated:
        state.failures.take(peer)
        raise
    state.limits.take(caller.key_id)
    return caller


async def current_caller(
    request: Request,
    scopes: SecurityScopes,
    _key: Annotated[object, Depends(_bearer)],
    _session: Annotated[object, Depends(_cookie)],
) -> Caller:
    """The caller, who has every scope that the route asks for."""
    caller = await authenticate(request, state_of(request))
    for scope in scopes.scopes:
        caller.require(scope)  # type: ignore[arg-type]  # routes name scopes that exist; a test checks
    return caller


AnyCaller = Annotated[Caller, Security(current_caller)]
Reader = Annotated[Caller, Security(current_caller, scopes=["context:read"])]
EventReader = Annotated[Caller, Security(current_caller, scopes=["events:read"])]
EventWriter = Annotated[Caller, Security(current_caller, scopes=["events:write"])]
MemoryReader = Annotated[Caller, Security(current_caller, scopes=["memory:read"])]
MemoryWriter = Annotated[Caller, Security(current_caller, scopes=["memory:write"])]
KeyManager = Annotated[Caller, Security(current_caller, scopes=["keys:manage"])]
WebhookManager = Annotated[Caller, Security(current_caller, scopes=["webhooks:manage"])]
TaskReader = Annotated[Caller, Security(current_caller, scopes=["tasks:read"])]
TaskWriter = Annotated[Caller, Security(current_caller, scopes=["tasks:write"])]
ApprovalReader = Annotated[Caller, Security(current_caller, scopes=["approvals:read"])]
ApprovalDecider = Annotated[Caller, Security(current_caller, scopes=["approvals:decide"])]
HookReporter = Annotated[Caller, Security(current_caller, scopes=["hooks:write"])]
ModelUser = Annotated[Caller, Security(current_caller, scopes=["models:use"])]
Administrator = Annotated[Caller, Security(current_caller, scopes=["admin"])]
