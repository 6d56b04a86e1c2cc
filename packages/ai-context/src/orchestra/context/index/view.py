"""The files of one state of a repository, indexed: what a search reads, and never changes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray
from orchestra.context.index.inverted import Field, Inverted
from orchestra.context.index.parsed import ParsedFile, Postings
from orchestra.context.index.words import number_text

_OVERLAY_SHARE = 0.05  # beyond it the newer files are merged into the base
_OVERLAY_LEAST = 64  # files


@dataclass(frozen=True, slots=True)
class Segment:
    """Some files with their words; documents are chunks, and for `paths` the files themselves."""

    files: tuple[tuple[str, ParsedFile], ...]
    body: Inverted
    names: Inverted
    paths: Inverted

    @classmethod
    def build(cls, files: Iterable[tuple[str, ParsedFile]]) -> "Segment":
        """The segment of these files."""
        files = tuple(files)
        return cls(
            files,
            Inverted.build([file.body for _, file in files]),
            Inverted.build([file.names for _, file in files]),
            Inverted.build([path_words(path) for path, _ in files]),
        )


@lru_cache(1 << 16)
def path_words(path: str) -> Postings:
    """The words of a path; those of the file's own name count twice."""
    name = path.rpartition("/")[2]
    return Postings.of([number_text(path) + number_text(name)])


class View:
    """All files of one state. Files and chunks are numbered over both segments.

    `alive` tells which files are of this state: a changed file has its old version in the base.
    """

    def __init__(self, base: Segment, current: Mapping[str, ParsedFile]) -> None:
        known = {path: file for path, file in base.files if current.get(path) is file}
        newer = [(path, file) for path, file in sorted(current.items()) if path not in known]
        self.current = current
        self._base, self._overlay = base, Segment.build(newer)
        self.files = base.files + self._overlay.files
        alive = [path in known for path, _ in base.files] + [True] * len(newer)
        self.alive = np.array(alive, bool)
        self.numbers = {p: n for n, (p, _) in enumerate(self.files) if alive[n]}

    @classmethod
    def of(cls, files: Mapping[str, ParsedFile]) -> "View":
        """A view of these files."""
        return cls(Segment.build(sorted(files.items())), files)

    def __len__(self) -> int:
        return len(self.current)

    def becoming(self, files: Mapping[str, ParsedFile]) -> "View":
        """The view of another state; it shares with this one what has not changed."""
        base = dict(self._base.files)
        kept = sum(base.get(path) is file for path, file in files.items())
        most = max(_OVERLAY_LEAST, int(len(base) * _OVERLAY_SHARE))
        if len(files) - kept > most or len(base) - kept > 4 * most:
            return View.of(files)
        return View(self._base, files)

    @cached_property
    def body(self) -> Field:
        """The words of every chunk."""
        return Field([self._base.body, self._overlay.body])

    @cached_property
    def names(self) -> Field:
        """The words of the names that each chunk defines."""
        return Field([self._base.names, self._overlay.names])

    @cached_property
    def paths(self) -> Field:
        """The words of every file's path."""
        return Field([self._base.paths, self._overlay.paths])

    @cached_property
    def first_chunks(self) -> NDArray[np.int64]:
        """The number of each file's first chunk, and at the end the number of chunks."""
        return np.cumsum([0, *(file.chunks for _, file in self.files)])

    @cached_property
    def chunk_files(self) -> NDArray[np.int32]:
        """The file of each chunk."""
        sizes = [file.chunks for _, file in self.files]
        return np.repeat(np.arange(len(self.files), dtype=np.int32), sizes)
