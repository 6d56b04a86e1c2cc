"""What else finds words in a repository: ripgrep, tantivy, and SQLite's full-text search."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from orchestra.shared.settings import child_environment

_TOP = 20


class Peer(Protocol):
    """Something that is asked the same as we are."""

    name: str

    def search(self, query: str) -> None:
        """Find the best places for some words."""

    def take(self, path: str) -> None:
        """Have a saved file in the next search."""


class Ripgrep:
    """Reads every file for every question, so that it never has to be told of a save."""

    name = "ripgrep"

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder

    @staticmethod
    def find() -> str | None:
        """The program, on the PATH or beside this Python."""
        beside = Path(sys.executable).with_name("rg")
        return shutil.which("rg") or (str(beside) if beside.exists() else None)

    def search(self, query: str) -> None:
        """List the files that hold any of the words."""
        words = [part for word in query.split() for part in ("-e", word)]
        subprocess.run(
            [self._program, "-l", "-F", *words, "."],
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            env=child_environment(),
            check=False,
        )

    def take(self, path: str) -> None:
        """Nothing to do."""


class Tantivy:
    """An index on disk, whole files as documents, by the usual tokens."""

    name = "tantivy"

    def __init__(self, folder: Path, paths: Iterable[str], place: Path) -> None:
        import tantivy  # a peer that may be absent

        self._tantivy: Any = tantivy
        self._folder = folder
        place.mkdir()
        schema = tantivy.SchemaBuilder()
        schema.add_text_field("path", stored=True, tokenizer_name="raw")
        schema.add_text_field("body", stored=False)
        self._index: Any = tantivy.Index(schema.build(), path=str(place))
        self._writer: Any = self._index.writer(128_000_000, 1)
        for path in paths:
            self._add(path)
        self._commit()

    @staticmethod
    def there() -> bool:
        """Whether it is installed."""
        return find_spec("tantivy") is not None

    def search(self, query: str) -> None:
        """The best files for the words."""
        parsed, _ = self._index.parse_query_lenient(query, ["body"])
        searcher = self._index.searcher()
        for _, address in searcher.search(parsed, _TOP).hits:
            searcher.doc(address)

    def take(self, path: str) -> None:
        """Delete, add, commit, reload."""
        self._writer.delete_documents("path", path)
        self._add(path)
        self._commit()

    def _add(self, path: str) -> None:
        body = (self._folder / path).read_text()
        self._writer.add_document(self._tantivy.Document(path=path, body=body))

    def _commit(self) -> None:
        self._writer.commit()
        self._index.reload()


class FullText:
    """SQLite's FTS5, in a file, whole files as rows."""

    name = "SQLite FTS5"

    def __init__(self, folder: Path, paths: Iterable[str], place: Path) -> None:
        self._folder = folder
        self._rows = {path: number for number, path in enumerate(paths, 1)}
        self._database = sqlite3.connect(place)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.execute("CREATE VIRTUAL TABLE files USING fts5(path UNINDEXED, body)")
        with self._database:
            self._database.executemany(
                "INSERT INTO files(rowid, path, body) VALUES (?, ?, ?)",
                ((n, p, (folder / p).read_text()) for p, n in self._rows.items()),
            )

    def search(self, query: str) -> None:
        """The best files for the words, by BM25."""
        asked = " OR ".join(f'"{word}"' for word in query.split())
        self._database.execute(
            "SELECT path FROM files WHERE files MATCH ? ORDER BY rank LIMIT ?", (asked, _TOP)
        ).fetchall()

    def take(self, path: str) -> None:
        """Update its row."""
        body = (self._folder / path).read_text()
        with self._database:
            self._database.execute(
                "UPDATE files SET body = ? WHERE rowid = ?", (body, self._rows[path])
            )
