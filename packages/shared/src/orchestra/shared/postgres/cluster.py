"""Makes a database cluster: files, roles, database, extension; all of it or nothing."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestra.shared.errors import Conflict, OrchestraError, Unavailable
from orchestra.shared.postgres.account import EXTERNAL, Account, has_name
from orchestra.shared.postgres.binaries import MAJOR, Binaries
from orchestra.shared.postgres.credentials import APPLICATION, MAINTENANCE, Credentials
from orchestra.shared.postgres.layout import Layout
from orchestra.shared.postgres.lock import pause
from orchestra.shared.postgres.processes import serving
from orchestra.shared.settings import child_environment

_LOCALE = ("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
_CLEARING = 5.0  # seconds; an `initdb` whose parent was killed goes on until its files vanish


class Cluster:
    """The data folder of one server, while no server runs on it."""

    def __init__(self, layout: Layout, binaries: Binaries, account: Account) -> None:
        self._layout = layout
        self._binaries = binaries
        self._account = account

    def exists(self) -> bool:
        """Whether there is a complete cluster.

        Raises:
            Conflict: there is one that these binaries cannot serve, or a folder that is none.
        """
        data = self._layout.data_dir
        if not data.exists():
            return False
        try:
            major = (data / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            raise Conflict(
                f"`{data}` holds no PostgreSQL cluster (`PG_VERSION` is missing)",
                hint="restore the folder, or move it away to begin with an empty database",
            ) from None
        if major != MAJOR:
            raise Conflict(
                f"`{data}` is of PostgreSQL `{major}`, and this Orchestra brings `{MAJOR}`",
                hint="back it up with the version of Orchestra that wrote it, move the folder "
                "away, and restore the backup with this one",
            )
        return True

    def clear_leftovers(self) -> None:
        """Remove what a first start left behind that was killed, with what still works on it."""
        deadline = time.monotonic() + _CLEARING
        for leftover in self._layout.home.glob("data.partial-*"):
            while leftover.exists() and time.monotonic() < deadline:
                for process in serving(leftover, self._account):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(process.pid, signal.SIGKILL)
                shutil.rmtree(leftover, ignore_errors=True)
                pause(0.02)

    def initialise(self, credentials: Credentials, *, durable: bool = True) -> None:
        """Make the cluster beside its place and move it there when it is complete."""
        if not has_name(self._account):
            raise Unavailable(
                f"the user id `{self._account.uid}` has no name in this system, "
                "which PostgreSQL needs to make a database",
                hint=f"add the user to /etc/passwd, {EXTERNAL}",
            )
        data = self._layout.partial_data_dir(self._account)
        try:
            self._run_initdb(data, durable=durable)
            self.execute(data, "postgres", _roles(credentials))
            self.execute(data, APPLICATION, ["create extension vector"])
            credentials.save(self._layout)
            data.rename(self._layout.data_dir)
            _sync(self._layout.home)
        except OrchestraError:
            shutil.rmtree(data, ignore_errors=True)
            raise

    def set_passwords(self, credentials: Credentials) -> None:
        """Give both roles new passwords, for when the file that held them is lost."""
        statements = _passwords(credentials)
        self.execute(self._layout.data_dir, "postgres", statements)
        credentials.save(self._layout)

    def execute(self, data: Path, database: str, statements: Sequence[str]) -> None:
        """Run statements without a server, as nobody else can be connected."""
        program = self._binaries.program("postgres")
        options = ("-c", "exit_on_error=true", "-c", "log_min_messages=error")
        self._run(
            [str(program), "--single", "-D", str(data), *options, database],
            "".join(f"{statement};\n" for statement in statements),
        )

    def _run_initdb(self, data: Path, *, durable: bool) -> None:
        self._run(
            [
                str(self._binaries.program("initdb")), "-D", str(data), "-U", MAINTENANCE,
                "--auth=reject", *_LOCALE, "--no-instructions", *(() if durable else ("--no-sync",)),
            ]
        )  # fmt: skip

    def _run(self, command: list[str], statements: str = "") -> None:
        extra: Mapping[str, str] = {"LC_ALL": "C", "TZ": "UTC"}
        try:
            done = subprocess.run(
                command, input=statements, capture_output=True, text=True, errors="replace",
                check=False, timeout=120, cwd=self._layout.home, env=child_environment(extra),
                start_new_session=True, **self._account.identity,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise Unavailable(
                f"`{Path(command[0]).name}` did not end within 120 s",
                hint="the disk may be too slow or the machine too busy; try again",
            ) from None
        except OSError as error:
            raise Unavailable(
                f"`{command[0]}` cannot be run as `{self._account.name}`: {error.strerror}",
                hint=f"run Orchestra as an ordinary user, {EXTERNAL}",
            ) from error
        if done.returncode != 0:
            raise explained(f"`{Path(command[0]).name}` failed", done.stderr)


def explained(what: str, said: str, *, otherwise: str = "") -> Unavailable:
    """An error with the last words of PostgreSQL and the advice that they call for."""
    if "No space left" in said or "Disk quota" in said:
        hint = "the disk is full: free some space, or choose another state folder"
    elif "Permission denied" in said or "has wrong ownership" in said:
        hint = "check who owns the state folder; it must be for one account alone"
    elif "shared memory" in said:
        hint = "the container gives too little shared memory, or another server uses the data"
    else:
        hint = otherwise or f"see `orchestra doctor`, {EXTERNAL}"
    last = "\n".join(f"  {line.strip()}" for line in said.strip().splitlines()[-12:])
    return Unavailable(f"{what}; its last words:\n{last}", hint=hint)


def _roles(credentials: Credentials) -> list[str]:
    return [
        f"create role {APPLICATION} login",
        *_passwords(credentials),
        f"create database {APPLICATION} owner {APPLICATION}",
        f"revoke all on database {APPLICATION} from public",
    ]


def _passwords(credentials: Credentials) -> list[str]:
    return [
        f"alter role {APPLICATION} password '{credentials.application}'",
        f"alter role {MAINTENANCE} password '{credentials.maintenance}'",
    ]


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
