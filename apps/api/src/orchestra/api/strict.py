"""Routes whose JSON bodies are read by the letter of their specification."""

from collections.abc import Callable, Coroutine
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute


class _StrictRequest(Request):
    """Takes no NaN, no lone surrogates and no bottomless nesting for JSON."""

    async def json(self) -> Any:  # noqa: ANN401 - the framework's signature
        return orjson.loads(await self.body())


class StrictRoute(APIRoute):
    """The class of all our routes: `APIRouter(route_class=StrictRoute)`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, which gets a request that reads strictly."""
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handler(_StrictRequest(request.scope, request.receive))

        return strict
