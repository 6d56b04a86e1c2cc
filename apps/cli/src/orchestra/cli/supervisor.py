"""Starts the API as a child process, keeps it alive, and leaves nothing behind."""

import contextlib
import ctypes
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Self
from urllib.parse import urlsplit

from orchestra.cli.client import Client, find
from orchestra.shared.errors import Unauthenticated, Unavailable
from orchestra.shared.postgres import EmbeddedPostgres
from orchestra.shared.presence import claim, presence
from orchestra.shared.settings import Settings, inherited_environment

_START = 90.0  # seconds: a long crash recovery of the database is waited for
_LOOK = 0.05  # seconds between looks whether the API is ready
_STOP = 6.0  # seconds; the API promises five
_LOG_BYTES = 10 * 1024 * 1024  # a longer log is set aside at the next start
_LOOK_FOR_END = 0.1  # seconds between looks whether the API has ended
_FAILED_STARTS = 5  # so many in a row that did not become ready, and we give up

UP, API = "up.lock", "api.lock"
"""The files of a state folder that its processes hold while they run."""

Say = Callable[[str], None]


class Supervisor:
    """The processes of one system. As a context manager it stops all that it started."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.state_folder
        self._port = settings.port
        self._api: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None
        self._logged = 0  # bytes of the log that are of earlier starts
        self._stop = threading.Event()

    def __enter__(self) -> Self:
        claim(self._folder / UP, "`orchestra up`")
        self._log = _open_log(self._log_path)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop_api()
        if self._settings.database_url is None:
            EmbeddedPostgres(self._folder).stop()
        if self._log is not None:
            self._log.close()

    def start(self, say: Say) -> Client:
        """Start the API; returns when it is ready.

        Raises:
            Unavailable: it did not become ready; the message has the end of its log.
        """
        self._spawn()
        say("  starting the database and the API …")
        return self._wait_until_ready()

    def watch(self, say: Say) -> int:
        """Start the API again whenever it dies; returns an exit code when asked to stop.

        One that had become ready is started again at once, however often it dies. One that had
        not is given more and more time, and is given up in the end.
        """
        failures, ready = 0, True
        while not self._stop.is_set():
            api = self._running_api()
            while not self._stop.wait(_LOOK_FOR_END) and api.poll() is None:
                ready = ready or self._is_ready(api)
            if self._stop.is_set():
                break
            failures = 0 if ready else failures + 1
            if failures >= _FAILED_STARTS:
                say(f"the API did not start {failures} times in a row; see {self._log_path}")
                return 1
            say(f"the API ended with {api.returncode}; it is started again")
            if failures and self._stop.wait(0.1 * 2**failures):
                break
            self._spawn()
            ready = False
        say("stopping …")
        return 0

    @property
    def _log_path(self) -> Path:
        return self._folder / "logs" / "api.log"

    def _running_api(self) -> "subprocess.Popen[bytes]":
        if self._api is None:
            raise Unavailable("the API was not started", hint="call start() first")
        return self._api

    def _spawn(self) -> None:
        settings = self._settings
        self._logged = self._log_path.stat().st_size
        environment = inherited_environment(
            {
                "ORCHESTRA_REPO": str(settings.repo),
                "ORCHESTRA_STATE_DIR": str(self._folder),
                "ORCHESTRA_PORT": str(self._port),
            }
        )
        self._api = subprocess.Popen(
            [sys.executable, "-m", "orchestra.api"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,  # a Ctrl-C is ours to pass on, once and in order
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - no threads yet
        )

    def _wait_until_ready(self) -> Client:
        pause = threading.Event()
        for _ in range(int(_START / _LOOK)):
            api = self._running_api()
            if api.poll() is not None or self._stop.is_set():
                raise Unavailable(
                    f"the API did not start:\n{_tail(self._log_path, self._logged)}",
                    hint=f"its whole log is {self._log_path}",
                )
            if (client := self._client_of(api)) is not None:
                # whoever knows the address finds an API that was started again there
                self._port = urlsplit(client.system.url).port or self._port
                return client
            pause.wait(_LOOK)
        raise Unavailable(
            f"the API is not ready after {_START:g} s", hint=f"its log is {self._log_path}"
        )

    def _client_of(self, api: "subprocess.Popen[bytes]") -> Client | None:
        """A client of the API, if it is this process that serves, and it is ready."""
        with contextlib.suppress(Unavailable, Unauthenticated):
            system = find(self._settings.model_copy(update={"url": None, "key": None}))
            client = Client(system)
            if system.pid == api.pid and client.ready():
                return client
            client.close()
        return None

    def _is_ready(self, api: "subprocess.Popen[bytes]") -> bool:
        client = self._client_of(api)
        if client is not None:
            client.close()
        return client is not None

    def _stop_api(self) -> None:
        if self._api is None or self._api.poll() is not None:
            return
        self._api.terminate()
        try:
            self._api.wait(_STOP)
        except subprocess.TimeoutExpired:
            self._api.kill()
            self._api.wait()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stop.set()


def wait_until_absent(path: Path, within: float = 15.0) -> None:
    """Return when no process holds the file any more.

    Raises:
        Unavailable: one still does after so many seconds.
    """
    pause = threading.Event()
    for _ in range(int(within / _LOOK)):
        if presence(path) is None:
            return
        pause.wait(_LOOK)
    raise Unavailable(f"process {presence(path)} does not end", hint="see its log, or kill it")


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: no API without its supervisor


def _open_log(path: Path) -> IO[bytes]:
    path.parent.mkdir(exist_ok=True, mode=0o700)
    if path.exists() and path.stat().st_size > _LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")


def _tail(path: Path, start: int, lines: int = 8) -> str:
    try:
        said = path.read_bytes()[start:].decode(errors="replace")
        return "\n".join(said.splitlines()[-lines:])
    except OSError:
        return ""
