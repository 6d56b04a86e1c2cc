"""Runs the application in this process, and tells the state folder where it is to be found."""

import gc
import json
import os
import signal
import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import uvicorn
from fastapi import FastAPI
from orchestra.api.connection import Connection
from orchestra.api.listening import listen
from orchestra.api.main import create_app
from orchestra.api.state import State
from orchestra.shared.errors import OrchestraError
from orchestra.shared.presence import claim
from orchestra.shared.settings import Settings
from starlette.types import Message, Receive, Scope, Send

FILE = "system.json"
LOCK = "api.lock"
_GRACE = 2  # seconds that open requests get when the server stops


class Server(uvicorn.Server):
    """Lets the open streams say goodbye before it waits for them."""

    lasting = False
    """The process serves until it ends, so that what is there once it serves is there to stay."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        await super().startup(sockets)
        if self.lasting:
            gc.collect()
            gc.freeze()  # or each collection would look at everything that was imported again

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop taking requests, end the streams, wait for what is under way."""
        app = cast("FastAPI", self.config.app)
        state = cast("State | None", getattr(app.state, "system", None))
        if state is not None:
            state.stopping.set()
            state.subscribers.end("the server stops", lambda _: True)
            state.mcp.close()
            state.a2a.close()
        await super().shutdown(sockets)


def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM; a stop takes five seconds at most.

    Raises:
        Invalid: the address is not one that may be served.
        Conflict: an API runs on this state folder already.
        Unavailable: the port is taken.
        OrchestraError: the application refused to start.
    """
    claim(settings.state_folder / LOCK, "the API")
    listening = listen(settings)
    host, port = settings.host, listening.getsockname()[1]
    app = create_app(settings)
    config = uvicorn.Config(
        _Quiet(app),
        loop="uvloop",
        http=Connection,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE,
    )
    # uvicorn raises the signal again once it has stopped; then there is no more to do for it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    try:
        with _announced(settings.state_folder, f"http://{host}:{port}"):
            server = Server(config)
            server.lasting = True
            server.run(sockets=[listening])
    except SystemExit:  # uvicorn's way to say that the application did not start
        if (refusal := _refusal(app)) is None:
            raise
        raise refusal from None


class _Quiet:
    """The application; why it refuses to start is for `serve` to say, not for a traceback."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self.state = app.state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def quiet(message: Message) -> None:
            if message["type"] == "lifespan.startup.failed" and _refusal(self._app) is not None:
                message = {**message, "message": ""}
            await send(message)

        await self._app(scope, receive, quiet if scope["type"] == "lifespan" else send)


def _refusal(app: FastAPI) -> OrchestraError | None:
    return cast("OrchestraError | None", getattr(app.state, "refusal", None))


@contextmanager
def _announced(folder: Path, url: str) -> Generator[None]:
    """Write `system.json`, by which the command line finds us; remove it in the end."""
    folder.mkdir(parents=True, exist_ok=True)
    path, mine = folder / FILE, {"url": url, "pid": os.getpid()}
    temporary = folder / f".{FILE}.{os.getpid()}"
    temporary.write_text(json.dumps(mine))
    temporary.replace(path)
    try:
        yield
    finally:
        if path.exists() and json.loads(path.read_text()) == mine:
            path.unlink()
