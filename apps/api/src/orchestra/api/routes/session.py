"""`/api/v1/session`: a browser's way in, and out."""

from fastapi import APIRouter, Request, Response
from orchestra.api.auth import COOKIE, AnyCaller, bearer
from orchestra.api.routes.keys import Me, me
from orchestra.api.state import state_of
from orchestra.api.strict import StrictRoute
from orchestra.shared.errors import Unauthenticated
from pydantic import BaseModel

router = APIRouter(route_class=StrictRoute, tags=["identity"])

_WEEK = 7 * 24 * 3600  # seconds, as long as a session lives


class LoginLink(BaseModel):
    """A link that opens the dashboard once, within 15 minutes."""

    url: str


@router.post(
    "/session",
    summary="Log in",
    openapi_extra={"security": [{"HTTPBearer": []}]},
)
async def log_in(request: Request, response: Response) -> Me:
    """Exchange a login code, or a key, sent as the bearer token, for a session cookie."""
    state = state_of(request)
    token = bearer(request)
    if token is None:
        raise Unauthenticated(
            "the request carries no login code",
            hint="send the code as `Authorization: Bearer <code>`; `orchestra login` makes one",
        )
    state.failures.take(request.client.host if request.client else "?")
    session = await state.identity.open_session(token)
    response.set_cookie(
        COOKIE,
        session,
        max_age=_WEEK,
        httponly=True,
        samesite="strict",
        secure=_address(request).startswith("https:"),
    )
    return await me(await state.identity.check_session(session))


@router.delete("/session", status_code=204, summary="Log out")
async def log_out(request: Request, response: Response, _caller: AnyCaller) -> None:
    """End the session that the cookie names."""
    if session := request.cookies.get(COOKIE):
        await state_of(request).identity.close_session(session)
    response.delete_cookie(COOKIE)


@router.post("/login-links", status_code=201, summary="Make a login link")
async def create_link(request: Request, caller: AnyCaller) -> LoginLink:
    """A link for a browser, which gets the scopes of the caller's key."""
    code = await state_of(request).identity.create_code(caller)
    return LoginLink(url=f"{_address(request)}/#login={code}")


def _address(request: Request) -> str:
    """Where browsers find us: as configured, or as this request did."""
    return state_of(request).settings.public_url or str(request.base_url).rstrip("/")
