"""A real PostgreSQL for the length of a test session, with a fresh database for each test."""

import shutil
import tempfile
import uuid
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote, urlsplit

import psycopg
from orchestra.shared.postgres import EmbeddedPostgres
from psycopg import sql

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

    def __enter__(self) -> Self:
        """Start the server."""
        self._folder = Path(tempfile.mkdtemp(prefix="orchestra-test-"))
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
        if self._server is not None:
            self._server.stop()
        if self._folder is not None:
            home = (self._folder / "postgres").resolve()
            shutil.rmtree(home, ignore_errors=True)
            shutil.rmtree(self._folder, ignore_errors=True)
        self._server = self._folder = None

    def _execute(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.embedded.maintenance_dsn(), autocommit=True) as connection:
            query = sql.SQL(statement).format(*map(sql.Identifier, names))
            connection.execute(query)


def _database_of(dsn: str) -> str:
    return urlsplit(dsn).path.lstrip("/")
