"""The files of one state of a repository, indexed: what a search reads, and never changes."""

from collections.abc import Callable, Collection, Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from orchestra.context.index.inverted import Field
from orchestra.context.index.parsed import ParsedFile
from orchestra.context.index.passages import Keys
from orchestra.context.index.segment import Segment

_OVERLAY_SHARE = 0.05  # beyond it the newer files are merged into the base
_OVERLAY_LEAST = 64  # files


class View:
    """All files of one state. Files and chunks are numbered over both segments.

    `alive` tells which files are of this state: a changed file has its old version in the base.
    """

    def __init__(
        self,
        base: Segment,
        newer: Segment,
        current: Mapping[str, ParsedFile],
        differing: frozenset[str] = frozenset(),
    ) -> None:
        self.current = current
        self.base, self.newer = base, newer
        self.files = base.files + newer.files
        self.differing = differing
        """The paths whose file is not the base's."""
        self.dead = sorted(base.numbers[path] for path in differing if path in base.numbers)
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

    def becoming(
        self,
        files: Mapping[str, ParsedFile],
        among: Collection[str] | None = None,
        base: Segment | None = None,
    ) -> "View":
        """The view of another state; it shares with this one what has not changed.

        `among` are the paths that may differ from this view's, all by default; `base`, made anew of
        this view's files or of older ones, takes the place of its base.
        """
        if base is not None:
            among = None
        base = base or self.base
        known = base.current
        asked = files.keys() | known.keys() if among is None else self.differing.union(among)
        differing = frozenset(path for path in asked if files.get(path) is not known.get(path))
        newer = sorted((path, files[path]) for path in differing if path in files)
        return View(base, Segment(newer), files, differing)

    @property
    def scattered(self) -> bool:
        """Whether so much has changed that all files had better be indexed anew."""
        most = max(_OVERLAY_LEAST, int(len(self.base.files) * _OVERLAY_SHARE))
        return len(self.newer.files) > most or len(self.dead) > 4 * most

    @cached_property
    def skipped(self) -> int:
        """How many files are known by name only."""
        return self._count(lambda file: file.skipped is not None, self.base.skipped)

    @cached_property
    def broken(self) -> int:
        """How many files their grammar failed on."""
        return self._count(lambda file: file.broken, self.base.broken)

    def _count(self, holds: Callable[[ParsedFile], bool], of_base: int) -> int:
        """How many files something holds of, when it does of so many of the base."""
        gone = sum(holds(self.files[number][1]) for number in self.dead)
        return of_base - gone + sum(holds(file) for _, file in self.newer.files)

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
    def chunk_keys(self) -> Keys:
        """What the vector of each chunk is known by."""
        return np.concatenate([self.base.chunk_keys, self.newer.chunk_keys])

    @cached_property
    def _chunks(self) -> NDArray[np.int64]:
        return np.concatenate([self.base.chunks, self.newer.chunks])
