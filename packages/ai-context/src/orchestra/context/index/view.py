"""The files of one state of a repository, indexed: what a search reads, and never changes."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from orchestra.context.index.inverted import Field
from orchestra.context.index.parsed import ParsedFile
from orchestra.context.index.segment import Segment

_OVERLAY_SHARE = 0.05  # beyond it the newer files are merged into the base
_OVERLAY_LEAST = 64  # files


class View:
    """All files of one state. Files and chunks are numbered over both segments.

    `alive` tells which files are of this state: a changed file has its old version in the base.
    """

    def __init__(self, base: Segment, newer: Segment, current: Mapping[str, ParsedFile]) -> None:
        self.current = current
        self.base, self.newer = base, newer
        self.files = base.files + newer.files
        self.dead = [
            n for n, (path, file) in enumerate(base.files) if current.get(path) is not file
        ]
        """The numbers of the files that are not of this state."""
        self.alive = np.ones(len(self.files), bool)
        self.alive[self.dead] = False
        self.numbers = dict(base.numbers)
        for number in self.dead:
            del self.numbers[base.files[number][0]]
        first = len(base.files)
        self.numbers |= {path: first + n for path, n in newer.numbers.items()}

    @classmethod
    def of(cls, files: Mapping[str, ParsedFile]) -> "View":
        """A view of these files."""
        return cls(Segment(sorted(files.items())), Segment(()), files)

    def __len__(self) -> int:
        return len(self.current)

    def becoming(self, files: Mapping[str, ParsedFile]) -> "View":
        """The view of another state; it shares with this one what has not changed."""
        base = self.base.current
        newer = sorted((path, file) for path, file in files.items() if base.get(path) is not file)
        kept = len(files) - len(newer)
        most = max(_OVERLAY_LEAST, int(len(base) * _OVERLAY_SHARE))
        if len(newer) > most or len(base) - kept > 4 * most:
            return View.of(files)
        return View(self.base, Segment(newer), files)

    def with_stem(self, stem: str) -> list[int]:
        """The files whose name has a stem."""
        first = len(self.base.files)
        found = [n for n in self.base.stems.get(stem, ()) if self.alive[n]]
        return found + [first + n for n in self.newer.stems.get(stem, ())]

    def with_ending(self, ending: str) -> list[str]:
        """The paths that end so."""
        return [path for path in self.current if path.endswith(ending)]

    @cached_property
    def body(self) -> Field:
        """The words of every chunk."""
        return Field([self.base.body, self.newer.body])

    @cached_property
    def names(self) -> Field:
        """The words of the names that each chunk defines."""
        return Field([self.base.names, self.newer.names])

    @cached_property
    def paths(self) -> Field:
        """The words of every file's path."""
        return Field([self.base.paths, self.newer.paths])

    @cached_property
    def first_chunks(self) -> NDArray[np.int64]:
        """The number of each file's first chunk, and at the end the number of chunks."""
        return np.concatenate([[0], np.cumsum(self._chunks)])

    @cached_property
    def chunk_files(self) -> NDArray[np.int32]:
        """The file of each chunk."""
        return np.repeat(np.arange(len(self.files), dtype=np.int32), self._chunks)

    @cached_property
    def _chunks(self) -> NDArray[np.int64]:
        return np.concatenate([self.base.chunks, self.newer.chunks])
