"""The gateway to models as a process of its own: keys, database and models, and nothing else."""

import contextlib
import ctypes
import gc
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

for _needless in ("rich", "watchfiles"):  # libraries would load them for consoles and for reloading
    sys.modules.setdefault(_needless, None)  # type: ignore[arg-type]  # which says: not to be had

import uvicorn
from orchestra.api.admin import ensure_admin_key
from orchestra.api.bus import open_bus
from orchestra.api.connection import Connection
from orchestra.api.gateway import Models, open_models
from orchestra.api.listening import listen
from orchestra.api.models_database import ready_database
from orchestra.gateway.door.asgi import Receive, Scope, Send
from orchestra.gateway.door.errors import error_body
from orchestra.shared.errors import OrchestraError
from orchestra.shared.events import EventLog
from orchestra.shared.identity import Identity
from orchestra.shared.logs import configure_logs
from orchestra.shared.metrics import Metrics
from orchestra.shared.redaction import Redactor
from orchestra.shared.settings import Settings

_GARBAGE = 10_000  # objects, before the youngest are looked at: a call leaves few cycles
_GRACE = 2  # seconds that open requests get when the server stops


class Alone:
    """The ASGI application: the doors, whether the process is well, and its metrics."""

    def __init__(self, settings: Settings, url: str) -> None:
        self._settings = settings
        self._url = url
        self._metrics = Metrics()
        self._redactor = Redactor()
        self._stack = AsyncExitStack()
        self._models: Models | None = None
        self._identity: Identity | None = None
        self.refusal: OrchestraError | None = None
        """Why it did not start."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or the life of the process."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._models is not None and self._models.door.serves(scope["path"]):
            await self._models.door(scope, receive, send)
        else:
            status, kind, body = await self._look(scope)
            await send(
                {
                    "type": "http.response.start",
                    "status": status,
                    "headers": [(b"content-type", kind), (b"content-length", b"%d" % len(body))],
                }
            )
            await send({"type": "http.response.body", "body": body})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self._stack.enter_async_context(self._open())
        except OrchestraError as error:
            self.refusal = error
            await send({"type": "lifespan.startup.failed", "message": ""})
            return
        sys.stdout.write(f"models are served at {self._url}\n")
        sys.stdout.flush()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._stack.aclose()
        await send({"type": "lifespan.shutdown.complete"})

    @asynccontextmanager
    async def _open(self) -> AsyncGenerator[None]:
        settings, redactor = self._settings, self._redactor
        configure_logs(settings.log_level, settings.log_format, redactor)
        async with AsyncExitStack() as stack:
            database = await stack.enter_async_context(ready_database(settings, redactor))
            bus = open_bus(settings, database)
            events = EventLog(database, bus, redactor=redactor, metrics=self._metrics)
            await events.start()
            stack.push_async_callback(events.close)
            identity = Identity(database, events)
            await identity.start()
            stack.push_async_callback(identity.close)
            await ensure_admin_key(settings.state_folder, identity, redactor)
            self._identity = identity
            self._models = await stack.enter_async_context(
                open_models(
                    settings,
                    identity,
                    redactor,
                    database=database,
                    events=events,
                    metrics=self._metrics,
                )
            )
            _settle_memory()
            yield

    async def _look(self, scope: Scope) -> tuple[int, bytes, bytes]:
        path, text = scope["path"], b"application/json"
        if path in ("/healthz", "/readyz"):
            return 200, text, b'{"status":"ok"}'
        if path == "/metrics" and self._identity is not None:
            headers = dict(scope["headers"])
            key = headers.get(b"authorization", b"").decode("latin-1").partition(" ")[2]
            try:
                await self._identity.check_key(key.strip())
            except OrchestraError as error:
                return (
                    error.status,
                    text,
                    error_body("openai", error.status, error.code, str(error)),
                )
            return 200, b"text/plain; version=0.0.4; charset=utf-8", self._metrics.render()
        message = "only models are served here; `orchestra up` serves everything"
        return 404, text, error_body("openai", 404, "not-found", message)


def _settle_memory() -> None:
    """What was imported stays: let no collection look at it again, and give back what it left."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE)
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)  # the C library of Linux has it


def serve_models(settings: Settings) -> None:
    """Serve models until SIGINT or SIGTERM.

    Raises:
        OrchestraError: it did not start, and why.
    """
    listening = listen(settings)
    host, port = listening.getsockname()[:2]
    app = Alone(settings, f"http://{host}:{port}/v1")
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=Connection,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE,
    )
    server = uvicorn.Server(config)

    def stop(*_: object) -> None:
        if not server.started:  # else it has stopped, and raises the signal once more
            sys.exit(0)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    try:
        server.run(sockets=[listening])
    except SystemExit:
        if app.refusal is None:
            raise
        raise app.refusal from None


def main() -> int:
    """Serve; what cannot be served is said in two lines, not in a traceback."""
    try:
        serve_models(Settings.load())
    except OrchestraError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
