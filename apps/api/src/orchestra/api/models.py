"""`/v1`: the doors to models, served before the framework looks at a request."""

from dataclasses import dataclass

from orchestra.gateway.door.door import ModelDoor
from starlette.types import ASGIApp, Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class _Route:
    """What the guard counts a request under."""

    path: str


_KNOWN = ("chat/completions", "responses", "embeddings", "messages", "messages/count_tokens")
_ROUTES = {f"/v1/{name}": _Route(f"/v1/{name}") for name in (*_KNOWN, "models")}
_ONE = _Route("/v1/models/{model}")


class ModelsFirst:
    """The framework's layers would cost more than the whole gateway."""

    def __init__(self, app: ASGIApp, mount: ASGIApp) -> None:
        self._app = app
        self._mount = mount

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] == "http" and ModelDoor.serves(scope["path"]):
            scope["route"] = _ROUTES.get(scope["path"], _ONE)
            await self._mount(scope, receive, send)
        else:
            await self._app(scope, receive, send)
