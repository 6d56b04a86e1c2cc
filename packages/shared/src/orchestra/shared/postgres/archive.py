"""Backups of the application's database: one file each, written whole and read back."""

import os
import subprocess
from pathlib import Path

import psycopg
from orchestra.shared.errors import Invalid, NotFound, OrchestraError, Unavailable
from orchestra.shared.postgres.binaries import find_binaries
from orchestra.shared.postgres.cluster import explained
from orchestra.shared.postgres.credentials import APPLICATION, Credentials
from orchestra.shared.postgres.layout import Layout
from orchestra.shared.settings import child_environment
from psycopg import sql

_BEFORE = f"{APPLICATION}_before_restore"
_INCOMING = f"{APPLICATION}_incoming"
_LONGEST = 3600  # seconds that a dump or a restore may take


class Archive:
    """Writes and reads logical dumps in PostgreSQL's custom format.

    A dump, unlike a copy of the data folder, holds no passwords, fits a later major version, and
    can be restored into any other server, so it is also the way to a larger one.
    """

    def __init__(self, layout: Layout, credentials: Credentials) -> None:
        self._layout = layout
        self._credentials = credentials

    def write(self, target: Path) -> None:
        """Dump to `target`; see `EmbeddedPostgres.backup`."""
        partial = target.with_name(f".{target.name}.partial")
        try:
            os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
            # pgvector belongs to the superuser, and is there before a restore begins.
            self._run("pg_dump", "--format=custom", "--exclude-extension=vector",
                      f"--file={partial}", APPLICATION)  # fmt: skip
            self._read_back(partial)
            with partial.open("rb") as file:
                os.fsync(file.fileno())
            partial.replace(target)
        except OSError as error:
            raise Unavailable(
                f"`{target}` cannot be written: {error.strerror}",
                hint="choose a folder that exists and has room",
            ) from error
        finally:
            partial.unlink(missing_ok=True)

    def read(self, source: Path) -> None:
        """Restore from `source`; see `EmbeddedPostgres.restore`."""
        if not source.is_file():
            raise NotFound(f"there is no backup `{source}`", hint="give the path of a backup file")
        try:
            self._read_back(source)
        except OrchestraError as error:
            raise Invalid(
                f"`{source}` is not a whole backup", hint="take another one; " + error.message
            ) from error
        try:
            self._replace(source)
        except psycopg.Error as error:
            raise Unavailable(
                f"`{source}` was not restored: {str(error).strip()}",
                hint="what was there before is still in its place; see the server's log",
            ) from error

    def _replace(self, source: Path) -> None:
        with self._maintenance("postgres") as server:
            _drop(server, _INCOMING)
            _create(server, _INCOMING)
            try:
                with self._maintenance(_INCOMING) as incoming:
                    incoming.execute("create extension vector")
                # As the application's role: whatever the file says, it can do no more than that.
                self._run("pg_restore", "--exit-on-error", "--no-owner", "--no-acl",
                          "--single-transaction", f"--dbname={_INCOMING}", str(source))  # fmt: skip
                self._exchange(server)
            finally:
                _drop(server, _INCOMING)

    def _exchange(self, server: psycopg.Connection[tuple[object, ...]]) -> None:
        """Put the incoming database in the place of the present one, which is kept."""
        _drop(server, _BEFORE)
        _allow(server, APPLICATION, False)
        try:
            server.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = %s",
                (APPLICATION,),
            )
            with server.transaction():  # a crash in between leaves the old one in its place
                _rename(server, APPLICATION, _BEFORE)
                _rename(server, _INCOMING, APPLICATION)
                _allow(server, _BEFORE, True)
        finally:
            _allow(server, APPLICATION, True)

    def reopen(self) -> None:
        """Let clients in again, after a restore was cut short between its last steps."""
        with self._maintenance("postgres") as server:
            _allow(server, APPLICATION, True)

    def _read_back(self, path: Path) -> None:
        """Read every block of the file, so that a torn or foreign one is noticed."""
        self._run("pg_restore", f"--file={os.devnull}", str(path))

    def _maintenance(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        dsn = self._credentials.maintenance_dsn(self._layout, database)
        return psycopg.connect(dsn, autocommit=True, connect_timeout=10)

    def _run(self, program: str, *arguments: str) -> None:
        environment = child_environment(
            {
                "LC_ALL": "C",
                "PGHOST": str(self._layout.socket_dir),
                "PGUSER": APPLICATION,
                "PGPASSWORD": self._credentials.application,
            }
        )
        try:
            done = subprocess.run(
                [find_binaries().program(program), "--no-password", *arguments],
                capture_output=True, text=True, errors="replace", check=False, env=environment,
                timeout=_LONGEST,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise Unavailable(
                f"`{program}` did not end within `{_LONGEST}` s",
                hint="the disk may be too slow; use PostgreSQL's own tools for so much data",
            ) from None
        if done.returncode != 0:
            raise explained(f"`{program}` failed", done.stderr)


def _name(database: str) -> sql.Identifier:
    return sql.Identifier(database)


def _drop(server: psycopg.Connection[tuple[object, ...]], database: str) -> None:
    server.execute(sql.SQL("drop database if exists {} with (force)").format(_name(database)))


def _create(server: psycopg.Connection[tuple[object, ...]], database: str) -> None:
    server.execute(
        sql.SQL("create database {} owner {}").format(_name(database), _name(APPLICATION))
    )
    server.execute(sql.SQL("revoke all on database {} from public").format(_name(database)))


def _rename(server: psycopg.Connection[tuple[object, ...]], old: str, new: str) -> None:
    server.execute(sql.SQL("alter database {} rename to {}").format(_name(old), _name(new)))


def _allow(server: psycopg.Connection[tuple[object, ...]], database: str, allowed: bool) -> None:
    server.execute(
        sql.SQL("alter database {} with allow_connections {}").format(
            _name(database), sql.SQL("true" if allowed else "false")
        )
    )
