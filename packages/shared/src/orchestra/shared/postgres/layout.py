"""Where the embedded server keeps its files, and who may reach them."""

import hashlib
import os
import re
import secrets
import stat
import tempfile
from pathlib import Path

from orchestra.shared.errors import Conflict, Unavailable
from orchestra.shared.postgres.account import Account, account_for
from orchestra.shared.postgres.shared_state import SHARED_STATE, make_shared_state

PORT = 5432
_LONGEST_SOCKET = 103  # bytes of a UNIX socket's path on macOS; Linux allows four more
_PLAIN = re.compile(r"[A-Za-z0-9/._@+~-]+")  # other characters have a meaning in some client's DSN


class Layout:
    """The paths of one server. `folder` is ours; `home` holds the server's files.

    `home` is `folder/postgres`. When we are root and the server's account could not get there,
    `folder/postgres` is a link to a place that it can reach.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(os.path.realpath(folder))
        self.link = self.folder / "postgres"
        self.lock_file = self.folder / "postgres.lock"
        self._digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]

    @property
    def home(self) -> Path:
        """The folder of the server's files, with links followed."""
        return Path(os.path.realpath(self.link))

    @property
    def data_dir(self) -> Path:
        """PostgreSQL's own folder, for its account alone."""
        return self.home / "data"

    @property
    def pid_file(self) -> Path:
        """Where PostgreSQL notes which process serves the data."""
        return self.data_dir / "postmaster.pid"

    @property
    def log_file(self) -> Path:
        """What the server has to say."""
        return self.home / "server.log"

    @property
    def credentials_file(self) -> Path:
        """The passwords of the two roles."""
        return self.home / "credentials.json"

    @property
    def socket_dir(self) -> Path:
        """The folder of the socket: within `home`, or in a short place of its own."""
        inside = self.home / "run"
        socket = os.fsencode(inside / f".s.PGSQL.{PORT}")
        if len(socket) <= _LONGEST_SOCKET and _PLAIN.fullmatch(str(inside)):
            return inside
        if os.geteuid() == 0:
            return SHARED_STATE / f"run-{self._digest}"
        return Path("/tmp") / f"orchestra-{os.geteuid()}-{self._digest}"  # noqa: S108 - checked below

    @property
    def socket(self) -> Path:
        """The socket itself."""
        return self.socket_dir / f".s.PGSQL.{PORT}"

    def prepare(self) -> Account:
        """Make the folders that are missing; returns the account that the server runs as.

        Raises:
            OSError: a folder cannot be made.
            Unavailable: there is no account to run as.
            Conflict: the data were elsewhere and are gone.
        """
        account = account_for(self.data_dir)
        if not self.folder.exists():
            self.folder.mkdir(mode=0o700, parents=True)
        self._make_home(account)
        if self.socket_dir.is_relative_to(SHARED_STATE):
            make_shared_state()
        self._make_private(self.socket_dir, account)
        return account

    def has_own_socket(self) -> bool:
        """Whether there is a socket, and in a folder that nobody else can have made."""
        try:
            about = self.socket_dir.lstat()
            owners = (os.geteuid(), self.data_dir.stat().st_uid)
        except FileNotFoundError:
            return False
        return stat.S_ISDIR(about.st_mode) and about.st_uid in owners and self.socket.exists()

    def _make_home(self, account: Account) -> None:
        if self.link.is_symlink() and not self.link.exists():
            raise Conflict(
                f"`{self.link}` leads to `{self.home}`, and the data there are gone",
                hint="put them back, or remove the link to begin with an empty database",
            )
        if self.link.exists():
            return
        if account.ours:
            self.link.mkdir(mode=0o700)
            return
        if account.can_pass(self.folder.parents):
            self.folder.chmod(self.folder.stat().st_mode | 0o001)
            _make_passage(self.link, account)
        else:
            home = SHARED_STATE / f"postgres-{self._digest}"
            make_shared_state()
            if not home.exists():
                _make_passage(home, account)
            self.link.symlink_to(home)

    def _make_private(self, path: Path, account: Account) -> None:
        """A folder that is the account's alone; refuses one that somebody else has put there."""
        path.mkdir(mode=0o700, exist_ok=True)
        about = path.lstat()
        if path.is_symlink() or about.st_uid not in (os.geteuid(), account.uid):
            raise Unavailable(
                f"`{path}` was made by somebody else (user id `{about.st_uid}`)",
                hint="remove it, or choose a state folder with a shorter path",
            )
        account.owns(path)
        path.chmod(0o700)

    def write(self, path: Path, text: str, account: Account | None = None) -> None:
        """Replace a file of `home` in one step; `account`, if given, may read it too."""
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                if account is not None and not account.ours:
                    os.fchown(descriptor, -1, account.gid)
                    os.fchmod(descriptor, 0o640)
                file.flush()
                os.fsync(descriptor)
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)

    def partial_data_dir(self, account: Account) -> Path:
        """A new empty folder beside the data, to be renamed once it is complete."""
        path = self.home / f"data.partial-{secrets.token_hex(4)}"
        self._make_private(path, account)
        return path


def _make_passage(path: Path, account: Account) -> None:
    """A folder of root's that the account can pass through, and nobody else."""
    path.mkdir(mode=0o700)
    os.chown(path, -1, account.gid)
    path.chmod(0o710)
