"""A real PostgreSQL for the length of a test session, with a fresh database for each test."""

import contextlib
import fcntl
import shutil
import tempfile
import uuid
from collections.abc import Generator
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO
from urllib.parse import quote, urlsplit

import psycopg
from orchestra.shared.errors import OrchestraError
from orchestra.shared.postgres import EmbeddedPostgres
from psycopg import sql

_PREFIX = "orchestra-test-"
_IN_USE = "in-use"
_TEMPLATE = "orchestra_template"
_FAST = {
    # Only for data that nobody will miss.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "200",
    "autovacuum": "off",
}


class TemporaryPostgres:
    """An embedded server in a temporary folder; a context manager that leaves nothing behind."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._server: EmbeddedPostgres | None = None
        self._in_use: TextIO | None = None

    def __enter__(self) -> Self:
        """Start the server."""
        _sweep()
        self._folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self._in_use = _mark_in_use(self._folder)
        self._server = EmbeddedPostgres(self._folder, settings=_FAST)
        try:
            self._server.ensure()
            self._execute("create database {} template orchestra owner orchestra", _TEMPLATE)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the server and remove its folder."""
        self.close()

    @property
    def embedded(self) -> EmbeddedPostgres:
        """The server underneath."""
        if self._server is None:
            raise RuntimeError("enter the TemporaryPostgres first")
        return self._server

    @property
    def dsn(self) -> str:
        """The address of the database `orchestra`; tests share it."""
        return self.embedded.dsn

    def create_database(self, *, like: str | None = None) -> str:
        """The address of a fresh database with pgvector, owned by the application's role.

        Args:
            like: the address of a database to copy instead of an empty one, for instance one with
                all migrations applied; nobody may be connected to it.
        """
        name = f"test_{uuid.uuid4().hex}"
        template = _TEMPLATE if like is None else _database_of(like)
        self._execute("create database {} template {} owner orchestra", name, template)
        return self.dsn.replace("@/orchestra?", f"@/{quote(name)}?")

    def drop_database(self, dsn: str) -> None:
        """Remove a database that `create_database` made; whoever is connected is cut off."""
        self._execute("drop database if exists {} with (force)", _database_of(dsn))

    def close(self) -> None:
        """Stop the server and remove its folder; again is harmless."""
        if self._folder is not None:
            _remove(self._folder)
        if self._in_use is not None:
            self._in_use.close()
        self._server = self._folder = self._in_use = None

    def _execute(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.embedded.maintenance_dsn(), autocommit=True) as connection:
            query = sql.SQL(statement).format(*map(sql.Identifier, names))
            connection.execute(query)


def _database_of(dsn: str) -> str:
    return urlsplit(dsn).path.lstrip("/")


@contextlib.contextmanager
def server_folder() -> Generator[Path]:
    """An empty folder for an `EmbeddedPostgres`; what was started in it ends with the block."""
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    with _mark_in_use(folder):
        try:
            yield folder
        finally:
            _remove(folder)


def _mark_in_use(folder: Path) -> TextIO:
    marker = (folder / f"{_IN_USE}.new").open("w")
    fcntl.flock(marker, fcntl.LOCK_EX)
    (folder / f"{_IN_USE}.new").rename(folder / _IN_USE)  # nobody ever sees it unlocked
    return marker


def _remove(folder: Path) -> None:
    EmbeddedPostgres(folder).stop()
    shutil.rmtree((folder / "postgres").resolve(), ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def _sweep() -> None:
    """Remove the servers of sessions that were killed: nobody holds their lock any more."""
    for marker in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{_IN_USE}"):
        with contextlib.suppress(OSError, OrchestraError), marker.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(marker.parent)
