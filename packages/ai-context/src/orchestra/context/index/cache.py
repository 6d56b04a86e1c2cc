"""Keeps what was read of contents and commits on disk, so that a start need not read them again."""

import contextlib
import logging
import sqlite3
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import orjson
from orchestra.context.index.history import Commit
from orchestra.context.index.parsed import VERSION, ParsedFile

logger = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (key TEXT PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS commits (sha TEXT PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS vectors (key INTEGER PRIMARY KEY, data BLOB NOT NULL);
"""
_AT_ONCE = 500

_Key = TypeVar("_Key", str, int)


class Cache:
    """Contents by key and commits by name, in one SQLite file that may be deleted at any time.

    Several processes may share it. It is a cache: whatever goes wrong with it costs time only.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection = self._open()

    def files(self, keys: Iterable[str]) -> dict[str, ParsedFile]:
        """The files that are known of these keys."""
        found = {}
        for key, data in self._get("files", "key", list(keys)):
            with contextlib.suppress(ValueError, IndexError, TypeError, zlib.error):
                found[key] = ParsedFile.unpack(zlib.decompress(data))
        return found

    def put_files(self, files: Mapping[str, ParsedFile]) -> None:
        """Keep files."""
        rows = [(key, zlib.compress(file.pack(), 1)) for key, file in files.items()]
        self._put("files", rows)

    def commits(self, shas: Iterable[str]) -> dict[str, Commit]:
        """The commits that are known of these."""
        found = {}
        for sha, data in self._get("commits", "sha", list(shas)):
            with contextlib.suppress(ValueError, TypeError):
                at, message, paths, renamed = orjson.loads(data)
                found[sha] = Commit(sha, at, message, tuple(paths), renamed)
        return found

    def put_commits(self, commits: Iterable[Commit]) -> None:
        """Keep commits."""
        rows = [
            (c.sha, orjson.dumps([c.at, c.message, [_utf8(p) for p in c.paths], dict(c.renamed)]))
            for c in commits
            if all(_utf8(p) == p for p in (*c.paths, *c.renamed, *c.renamed.values()))
        ]
        self._put("commits", rows)

    def vectors(self, keys: Iterable[int]) -> dict[int, bytes]:
        """The vectors that are known of these keys."""
        return dict(self._get("vectors", "key", list(keys)))

    def put_vectors(self, vectors: Mapping[int, bytes], most: int) -> None:
        """Keep vectors; beyond `most` in all, some others go, whichever."""
        self._put("vectors", list(vectors.items()))
        excess = "DELETE FROM vectors WHERE key IN (SELECT key FROM vectors LIMIT ?)"
        with self._lock, self._forgiving("written"):
            if self._connection is not None:
                with self._connection:
                    (count,) = self._connection.execute("SELECT count(*) FROM vectors").fetchone()
                    if count > most:
                        self._connection.execute(excess, (count - most + most // 10,))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _get(self, table: str, key: str, keys: Sequence[_Key]) -> list[tuple[_Key, bytes]]:
        rows: list[tuple[_Key, bytes]] = []
        for first in range(0, len(keys), _AT_ONCE):
            some = keys[first : first + _AT_ONCE]
            marks = ",".join("?" * len(some))
            query = f"SELECT {key}, data FROM {table} WHERE {key} IN ({marks})"  # noqa: S608 - names of ours
            with self._lock, self._forgiving("read"):
                if self._connection is not None:
                    rows += self._connection.execute(query, some).fetchall()
        return rows

    def _put(self, table: str, rows: Sequence[tuple[str | int, bytes]]) -> None:
        query = f"INSERT OR REPLACE INTO {table} VALUES (?, ?)"  # noqa: S608 - names of ours
        with self._lock, self._forgiving("written"):
            if self._connection is not None and rows:
                with self._connection:
                    self._connection.executemany(query, rows)

    @contextlib.contextmanager
    def _forgiving(self, what: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            logger.warning("the index cache `%s` cannot be %s: %s", self._path, what, error)
            if isinstance(error, sqlite3.DatabaseError) and "malformed" in str(error):
                self._start_again()

    def _open(self) -> sqlite3.Connection | None:
        for _ in range(2):
            try:
                return self._connect()
            except (sqlite3.OperationalError, OSError) as error:
                logger.warning("no index cache at `%s`: %s", self._path, error)
                return None
            except sqlite3.DatabaseError:
                self._remove()
        return None

    def _connect(self) -> sqlite3.Connection:
        place = ":memory:" if self._path is None else str(self._path)
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        connection = sqlite3.connect(place, timeout=10, check_same_thread=False)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=OFF")
        if connection.execute("PRAGMA user_version").fetchone()[0] != VERSION:
            connection.executescript("DROP TABLE IF EXISTS files; DROP TABLE IF EXISTS commits;")
            connection.execute(f"PRAGMA user_version={VERSION}")
        connection.executescript(_SCHEMA)
        return connection

    def _start_again(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._remove()
        self._connection = self._open()

    def _remove(self) -> None:
        if self._path is not None:
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)


def _utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
