"""Routes whose JSON bodies are read by the letter of their specification."""

import re
from collections.abc import Callable, Coroutine
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute
from orchestra.shared.errors import Invalid, OrchestraError
from starlette.exceptions import HTTPException

_LEAST, _MOST = -(2**63), 2**64 - 1  # integers beyond are read as floats, which round them
_LONG = re.compile(rb"[0-9]{19}")
_TOKENS = re.compile(
    rb'"(?:[^"\\]++|\\.)*+"'  # texts, in which digits are no number
    rb"|(-?[0-9]++)(\.[0-9]++)?+([eE][+-]?[0-9]++)?+"
)


class _StrictRequest(Request):
    """Takes no NaN, no lone surrogates, no bottomless nesting and no integer that it would round."""

    async def json(self) -> Any:  # noqa: ANN401 - the framework's signature
        body = await self.body()
        value = orjson.loads(body)
        if _LONG.search(body):
            _refuse_rounding(body)
        return value


def _refuse_rounding(body: bytes) -> None:
    for whole, fraction, exponent in _TOKENS.findall(body):
        if not whole or fraction or exponent:
            continue
        if len(whole) > len(str(_LEAST)) or not _LEAST <= int(whole) <= _MOST:
            raise Invalid(
                f"the integer `{whole[:24].decode()}` cannot be kept exactly",
                hint=f"send it as a string, or one from {_LEAST} to {_MOST}",
            )


class StrictRoute(APIRoute):
    """The class of all our routes: `APIRouter(route_class=StrictRoute)`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, which gets a request that reads strictly."""
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            try:
                return await handler(_StrictRequest(request.scope, request.receive))
            except HTTPException as error:  # the framework hides in it what reading a body raised
                if isinstance(error.__cause__, OrchestraError):
                    raise error.__cause__ from None
                raise

        return strict
