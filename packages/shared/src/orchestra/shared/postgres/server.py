"""The server's processes: found, waited for, started and ended."""

import contextlib
import os
import signal
import subprocess
import threading
import time

from orchestra.shared.errors import Conflict, Unavailable
from orchestra.shared.postgres.account import Account, account_for
from orchestra.shared.postgres.binaries import Binaries
from orchestra.shared.postgres.cluster import explained
from orchestra.shared.postgres.layout import Layout
from orchestra.shared.postgres.lock import pause
from orchestra.shared.postgres.probe import probe
from orchestra.shared.postgres.processes import ServerProcess, is_alive, serving
from orchestra.shared.postgres.server_log import last_lines, open_log
from orchestra.shared.settings import child_environment

_STEPS = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))
"""How a server is ended, and the seconds each step gets: fast, immediate, by the kernel."""

_started: set[int] = set()  # servers that this process has started


class Server:
    """The processes that serve one layout. Callers hold its lock where they change anything."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def processes(self) -> list[ServerProcess]:
        """Every live process of PostgreSQL on the data."""
        data = self._layout.data_dir
        return serving(data, account_for(data)) if data.exists() else []

    def pid(self) -> int | None:
        """The server process, if one lives."""
        return next((p.pid for p in self.processes() if p.leads), None)

    @staticmethod
    def started_by_us(pid: int | None) -> bool:
        """Whether this very process has started it."""
        return pid in _started

    def adopt(self, dsn: str, deadline: float) -> bool:
        """Wait for a server that lives already; False when none is left, so one may be started."""
        pid = self.pid()
        # A server may answer and yet be out of sight, in another container on the same folder.
        if (pid is not None or probe(dsn) != "absent") and self._becomes_ready(pid, dsn, deadline):
            return True
        self.stop()
        self.forget_the_dead()
        return False

    def start(self, binaries: Binaries, account: Account, dsn: str, deadline: float) -> None:
        """Start a server that survives us and hears no signal of our terminal; wait for it.

        Raises:
            Unavailable: it ended at once, or does not answer by `deadline`.
        """
        pid = self._spawn(binaries, account)
        if not self._becomes_ready(pid, dsn, deadline):
            raise explained("PostgreSQL ended while it started", last_lines(self._layout.log_file))

    def stop(self) -> None:
        """End every process on the data, the gentle way first."""
        for number, seconds in _STEPS:
            targets = self.processes()
            leader = [p for p in targets if p.leads]
            if not targets:
                return
            # Without their server, the others wait for nothing and must not touch the data again.
            for process in leader if leader and number != signal.SIGKILL else targets:
                self._signal(process.pid, number if leader else signal.SIGKILL)
            _wait_for_end_of([process.pid for process in targets], seconds)
        if left := self.processes():
            raise Unavailable(
                f"process `{left[0].pid}` of PostgreSQL cannot be ended",
                hint="it may wait for a disk that does not answer",
            )

    def forget_the_dead(self) -> None:
        """Remove the notes of a dead server, which may name a process that is another by now."""
        if not self.processes():
            socket = self._layout.socket
            for note in (self._layout.pid_file, socket, socket.with_name(f"{socket.name}.lock")):
                note.unlink(missing_ok=True)

    def _spawn(self, binaries: Binaries, account: Account) -> int:
        layout = self._layout
        command = [str(binaries.program("postgres")), "-D", str(layout.data_dir)]
        command += ["-c", f"config_file={layout.home / 'postgresql.conf'}"]
        log = open_log(layout.log_file)
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=layout.home,
                env=child_environment({"LC_ALL": "C"}), start_new_session=True, umask=0o077,
                **account.identity,
            )  # fmt: skip
        except OSError as error:
            raise Unavailable(
                f"`{command[0]}` cannot be run as `{account.name}`: {error.strerror}",
                hint="run Orchestra as an ordinary user, or set DATABASE_URL",
            ) from error
        finally:
            os.close(log)
        _started.add(process.pid)
        # It stays our child, so somebody has to bury it when it dies before us.
        threading.Thread(target=_bury, args=[process], name="postgres", daemon=True).start()
        return process.pid

    def _becomes_ready(self, pid: int | None, dsn: str, deadline: float) -> bool:
        """Whether the server answers in time; False as soon as it is dead or can't be reached."""
        step = 0.005
        while True:
            answer = probe(dsn)
            if answer in ("ready", "closed"):
                return True
            if answer == "denied":
                raise Conflict(
                    f"the server does not accept the password in `{self._layout.credentials_file}`",
                    hint="stop the server and remove that file: new passwords are set at the "
                    "next start",
                )
            if not is_alive(pid) if pid is not None else answer == "absent":
                return False
            if answer == "absent" and self._is_deaf():
                return False
            if time.monotonic() > deadline:
                raise explained(
                    "PostgreSQL lives and does not answer in time",
                    last_lines(self._layout.log_file),
                    otherwise="a long recovery goes on by itself: try again in a minute, and "
                    f"follow `{self._layout.log_file}` meanwhile; if nothing moves, end process "
                    f"`{pid}`",
                )
            pause(step)
            step = min(step * 1.5, 0.2)

    def _is_deaf(self) -> bool:
        """Whether the server says that it is ready while its socket is gone, so none can call."""
        with contextlib.suppress(OSError, IndexError, UnicodeDecodeError):
            lines = self._layout.pid_file.read_text().splitlines()
            return lines[7].strip() == "ready" and not self._layout.socket.exists()
        return False

    def _signal(self, pid: int, number: signal.Signals) -> None:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        except PermissionError as error:
            raise Unavailable(
                f"process `{pid}` of PostgreSQL belongs to another user",
                hint="run as the user who owns the state folder",
            ) from error


def _bury(process: subprocess.Popen[bytes]) -> None:
    process.wait()
    _started.discard(process.pid)


def _wait_for_end_of(pids: list[int], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while any(map(is_alive, pids)) and time.monotonic() < deadline:
        pause(0.01)
