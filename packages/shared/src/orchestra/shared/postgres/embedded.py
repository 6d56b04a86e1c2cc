"""Starts, adopts, watches and stops the embedded server."""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from orchestra.shared.errors import NotFound, Unavailable
from orchestra.shared.postgres.archive import Archive
from orchestra.shared.postgres.binaries import find_binaries
from orchestra.shared.postgres.cluster import Cluster
from orchestra.shared.postgres.configuration import access_rules, configuration
from orchestra.shared.postgres.credentials import Credentials
from orchestra.shared.postgres.layout import Layout
from orchestra.shared.postgres.lock import exclusive
from orchestra.shared.postgres.probe import probe, version_of
from orchestra.shared.postgres.processes import is_alive
from orchestra.shared.postgres.server import Server
from orchestra.shared.postgres.server_log import bound
from orchestra.shared.postgres.status import PostgresStatus


class EmbeddedPostgres:
    """A PostgreSQL with pgvector whose files, socket and passwords live in `folder`.

    The server outlives the process that started it; whoever comes next adopts it. Every method
    blocks, so call them from a thread where an event loop runs. Any number of processes may call
    `ensure` on one folder at once.

    A supervisor calls `ensure` again from time to time, and when a connection is lost: it takes a
    few milliseconds while the server lives, and starts it again, with recovery, when it has died.
    """

    def __init__(
        self,
        folder: Path,
        *,
        settings: Mapping[str, str] | None = None,
        patience: float = 60.0,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Set up the supervisor; touches nothing yet.

        Args:
            folder: the state folder; made with mode 0700 when it is missing.
            settings: values for `postgresql.conf` that win over ours.
            patience: seconds that a start, with recovery from a crash, may take.
            progress: called with a sentence whenever something slow begins.
        """
        self._layout = Layout(folder)
        self._settings = dict(settings or {})
        self._patience = patience
        self._progress = progress

    @property
    def dsn(self) -> str:
        """The address for the application's role, whether or not the server runs.

        Raises:
            NotFound: `ensure` was never called on this folder.
        """
        return self._credentials().application_dsn(self._layout)

    def maintenance_dsn(self, database: str = "postgres") -> str:
        """The address for the superuser; the application has no use for it.

        Raises:
            NotFound: `ensure` was never called on this folder.
        """
        return self._credentials().maintenance_dsn(self._layout, database)

    def ensure(self) -> str:
        """Make the server run, whatever state it is in; returns the application's address.

        Raises:
            Unavailable: it cannot run here, or does not answer in time; the message ends with
                the server's last words.
            Conflict: the folder holds something that this version must not touch.
        """
        try:
            if self._answers():
                bound(self._layout.log_file)
                return self.dsn
            with self._exclusive():
                if not self._answers():
                    self._start(time.monotonic() + self._patience)
                return self.dsn
        except OSError as error:
            raise Unavailable(
                f"PostgreSQL cannot use `{error.filename or self._layout.folder}`: "
                f"{error.strerror or error}",
                hint="check the permissions and the free space there, or choose another state "
                "folder with ORCHESTRA_STATE_DIR",
            ) from error

    def lives(self) -> bool:
        """Whether the process that calls itself the server is there.

        Cheap enough to ask many times a second; `status` and `ensure` ask the server itself.
        """
        try:
            pid = int(self._layout.pid_file.read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return False
        return is_alive(pid)

    def status(self) -> PostgresStatus:
        """Look, and change nothing."""
        layout = self._layout
        server = Server(layout)
        credentials = Credentials.load(layout)
        answer = probe(credentials.application_dsn(layout)) if credentials else "absent"
        pid, known = server.pid(), credentials is not None
        version = version_of(self.dsn) if answer == "ready" else None
        return PostgresStatus(
            running=version is not None,
            pid=pid,
            version=version or find_binaries().version(),
            data_dir=layout.data_dir,
            socket_dir=layout.socket_dir,
            log_file=layout.log_file,
            started_by_us=server.started_by_us(pid),
            detail=_detail(answer if version or answer != "ready" else "absent", known),
        )

    def stop(self) -> None:
        """End the server in good order, and by force if it will not; leaves no process behind.

        Raises:
            Unavailable: its processes belong to another user.
        """
        if not self._layout.folder.exists():
            return
        with self._exclusive():
            Server(self._layout).stop()

    def backup(self, target: Path) -> None:
        """Write everything of the application's database into one file, `target`, mode 0600.

        The server keeps serving meanwhile. The file is complete and has been read back, or absent.

        Raises:
            Unavailable: the server cannot be started, or the file cannot be written.
        """
        self.ensure()
        Archive(self._layout, self._credentials()).write(target)

    def restore(self, source: Path) -> None:
        """Make the application's database what it was when `source` was written.

        What was there before is kept as a database of its own, `orchestra_before_restore`, until
        the next restore. Clients are disconnected at the moment of the exchange. On failure
        nothing has changed.

        Raises:
            NotFound: there is no such file.
            Invalid: it is not a backup, or not a whole one.
            Unavailable: the server cannot be started.
        """
        self.ensure()
        with self._exclusive():
            Archive(self._layout, self._credentials()).read(source)

    def _credentials(self) -> Credentials:
        found = Credentials.load(self._layout)
        if found is None:
            raise NotFound(
                f"`{self._layout.folder}` holds no database yet", hint="run `orchestra up` first"
            )
        return found

    def _exclusive(self) -> AbstractContextManager[None]:
        return exclusive(self._layout.lock_file, wait=self._patience + 30)

    def _answers(self) -> bool:
        credentials = Credentials.load(self._layout)
        if credentials is None or not self._layout.has_own_socket():
            return False
        return probe(credentials.application_dsn(self._layout)) == "ready"

    def _start(self, deadline: float) -> None:
        layout = self._layout
        account = layout.prepare()
        binaries = find_binaries().runnable_by(account)
        cluster = Cluster(layout, binaries, account)
        server = Server(layout)
        credentials = Credentials.load(layout)
        cluster.clear_leftovers()
        if not cluster.exists():
            self._progress("making the database")
            durable = self._settings.get("fsync") != "off"
            cluster.initialise(credentials or Credentials.new(), durable=durable)
        elif credentials is None:
            self._progress("setting new passwords, since the old ones are lost")
            server.stop()
            server.forget_the_dead()
            cluster.set_passwords(Credentials.new())
        if not server.adopt(self.dsn, deadline):
            settings = configuration(layout, self._settings)
            layout.write(layout.home / "pg_hba.conf", access_rules(), account)
            layout.write(layout.home / "postgresql.conf", settings, account)
            self._progress("starting the database")
            server.start(binaries, account, self.dsn, deadline)
        if probe(self.dsn) == "closed":
            Archive(layout, self._credentials()).reopen()


def _detail(answer: str, known: bool) -> str:
    if not known:
        return "no database has been made in this folder yet"
    return {
        "ready": "",
        "starting": "the server lives and does not serve yet",
        "closed": "a restore was cut short; the next start puts that right",
        "absent": "the server does not run",
        "denied": "the server does not accept the password of the credentials file",
    }[answer]
