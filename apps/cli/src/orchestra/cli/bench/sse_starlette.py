"""The sse-starlette peer as the measuring process holds it."""

import subprocess
import sys
from importlib.util import find_spec

import httpx2
from orchestra.cli.bench.nats import connected
from orchestra.cli.bench.system import free_port, until
from orchestra.shared.errors import NotFound
from orchestra.shared.settings import child_environment

OPENING = "GET /stream HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"
READY = "event: up-to-date"


class SseStarlette:
    """Runs from its making until `close`.

    Raises:
        NotFound: sse-starlette is not installed.
    """

    def __init__(self) -> None:
        if find_spec("sse_starlette") is None:
            raise NotFound("there is no `sse_starlette`", hint="install sse-starlette")
        self.port = free_port()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "orchestra.cli.bench.sse_starlette_peer", str(self.port)],
            env=child_environment(),
        )
        self.pid = self._process.pid
        until(lambda: connected(self.port), "sse-starlette does not answer", 20).close()
        self._http = httpx2.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=10)

    def publish(self, payload: bytes) -> None:
        """Send one event to every subscriber."""
        self._http.post("/publish", content=payload)

    def close(self) -> None:
        """Stop the server."""
        self._http.close()
        self._process.terminate()
        self._process.wait()
