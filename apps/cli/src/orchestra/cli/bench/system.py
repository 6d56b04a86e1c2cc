"""An `orchestra up` of the benchmark's own: free port, temporary state folder, and its processes."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx2
from orchestra.cli.bench.process import alive, descendants, mentioning
from orchestra.cli.client import Client, System
from orchestra.shared.errors import Unavailable
from orchestra.shared.settings import child_environment

ORCHESTRA = str(Path(sys.executable).with_name("orchestra"))

_STOP = 30.0  # seconds that an orderly end may take before it counts as a failure
_PATIENCE = 60.0  # seconds that a system may take to be ready
_LOOK = 0.01  # seconds between two looks


T = TypeVar("T")


class BenchSystem:
    """One running system. As a context manager it ends, and its folder goes, with the block."""

    def __init__(self, repository: Path, settings: Mapping[str, str] | None = None) -> None:
        """`settings` are more variables of its environment."""
        self.repository = repository
        self._settings = settings
        self.folder = Path(tempfile.mkdtemp(prefix="orchestra-bench-"))
        self.folder.chmod(0o711)  # the database's account, which is not root, has to get through
        self.state = self.folder / "state"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        """Start it; or start it again, with the state that it left, after `stop`."""
        self._log = (self.folder / "up.log").open("wb")
        started = time.monotonic()
        self.up = subprocess.Popen(
            [ORCHESTRA, "up", "--repo", str(self.repository), "--state-dir", str(self.state)]
            + ["--port", str(self.port), "--no-browser", "--json"],
            stdout=subprocess.DEVNULL,
            stderr=self._log,
            env=child_environment(self._settings),
            start_new_session=True,  # a Ctrl-C is ours to pass on
        )
        self._wait_until_ready()
        self.started = started
        self.start_seconds = time.monotonic() - started
        self.key = (self.state / "admin.key").read_text().strip()
        self.client = Client(System(self.url, self.key, self.api_pid))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        elsewhere = (self.state / "postgres").resolve()  # where that account may write
        for folder in (elsewhere, self.folder):
            shutil.rmtree(folder, ignore_errors=True)

    @property
    def api_pid(self) -> int | None:
        """The API's process, as the state folder announces it; None while there is none."""
        try:
            pid = int(json.loads((self.state / "system.json").read_text())["pid"])
        except (OSError, ValueError, KeyError):
            return None
        return pid if alive(pid) else None

    @property
    def postmaster_pid(self) -> int | None:
        """The database's first process; None while there is none."""
        try:
            path = self.state / "postgres" / "data" / "postmaster.pid"
            pid = int(path.read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None
        return pid if alive(pid) else None

    def pids(self) -> set[int]:
        """Every live process of the system."""
        roots = {self.up.pid, self.api_pid, self.postmaster_pid} - {None}
        return {pid for root in roots if root is not None for pid in (root, *descendants(root))}

    def ready(self) -> bool:
        """Whether it serves: `/readyz` asks the database."""
        try:
            return httpx2.get(f"{self.url}/readyz", timeout=1.0).is_success
        except httpx2.TransportError:
            return False

    def consistent(self, topic: str = "codebase_state") -> dict[str, Any]:
        """The value of a topic with all that has happened up to now in it."""
        parameters = {"topics": topic, "consistent": "true"}

        def ask() -> dict[str, Any] | None:
            try:
                fact = self.client.get("/context", parameters)["topics"][topic]
            except (Unavailable, KeyError):  # still reading everything again: ask again
                return None
            value: dict[str, Any] | None = fact["value"]
            return value

        return until(ask, "the context does not settle")

    def stop(self) -> list[str]:
        """End it as Ctrl-C does; the command lines of what is left of it, which is killed."""
        if self.up.poll() is not None and self._log.closed:
            return []
        seen = self.pids()
        if self.up.poll() is None:
            self.up.send_signal(signal.SIGINT)
            try:
                self.up.wait(_STOP)
            except subprocess.TimeoutExpired:
                self.up.kill()
                self.up.wait()
        self._log.close()
        left = {pid: "?" for pid in seen if alive(pid)} | mentioning(str(self.folder))
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        return [f"{pid} {line}" for pid, line in left.items()]

    def _wait_until_ready(self) -> None:
        def look() -> bool:
            if self.up.poll() is not None:
                said = (self.folder / "up.log").read_text(errors="replace")[-2000:]
                raise Unavailable(f"the system did not start:\n{said}", hint="see its words above")
            return self.api_pid is not None and self.ready()

        until(look, "the system does not become ready")


def until(look: Callable[[], T | None], complaint: str, within: float = _PATIENCE) -> T:
    """What `look` returns as soon as it is neither None nor False.

    Raises:
        Unavailable: it still is after `within` seconds.
    """
    pause, deadline = threading.Event(), time.monotonic() + within
    while time.monotonic() < deadline:
        found = look()
        if found is not None and found is not False:
            return found
        pause.wait(_LOOK)
    raise Unavailable(f"{complaint} within {within:g} s", hint="see the log of the API")


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port
