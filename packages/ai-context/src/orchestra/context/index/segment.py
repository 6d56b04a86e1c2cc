"""Some files of a repository, indexed, with what can be told of them in advance."""

from collections.abc import Iterable
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray
from orchestra.context.index.inverted import Inverted
from orchestra.context.index.modules import Modules, pairs_of, wanted_by, wanted_ends
from orchestra.context.index.parsed import ParsedFile, Postings
from orchestra.context.index.passages import Keys, chunk_keys
from orchestra.context.index.roles import Role, role_of, stem_of
from orchestra.context.index.words import number, number_text

Pairs = NDArray[np.int32]
"""Two columns of file numbers."""

_MOST_SOURCES = 8  # files that one test may be of


class Segment:
    """Files numbered in order of their paths. It never changes, so it computes everything once.

    Documents of its indexes are chunks, and for `paths` the files themselves.
    """

    def __init__(self, files: Iterable[tuple[str, ParsedFile]]) -> None:
        self.files = tuple(files)
        self.body = Inverted.build([file.body for _, file in self.files])
        self.names = Inverted.build([file.names for _, file in self.files])
        self.paths = Inverted.build([path_words(path) for path, _ in self.files])

    def prepare(self) -> None:
        """Compute now what the first view over it would wait for."""
        for _ in (self.current, self.numbers, self.chunks, self.lines, self.log_lines, self.roles):
            pass
        for _ in (self.skipped, self.broken):
            pass
        for _ in (self.folders, self.folder_of, self.stems, self.imports, self.tests, self._wanted):
            pass

    @cached_property
    def current(self) -> dict[str, ParsedFile]:
        """The files by path."""
        return dict(self.files)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of each path."""
        return {path: n for n, (path, _) in enumerate(self.files)}

    @cached_property
    def chunks(self) -> NDArray[np.int64]:
        """How many chunks each file has."""
        return np.array([file.chunks for _, file in self.files], np.int64)

    @cached_property
    def chunk_keys(self) -> Keys:
        """What the vector of each chunk is known by."""
        none = np.zeros(0, np.int64)
        return np.concatenate([none, *(chunk_keys(path, file) for path, file in self.files)])

    @cached_property
    def lines(self) -> NDArray[np.int32]:
        """How many lines each file has."""
        return np.array([file.lines for _, file in self.files], np.int32)

    @cached_property
    def skipped(self) -> int:
        """How many files are known by name only."""
        return sum(file.skipped is not None for _, file in self.files)

    @cached_property
    def broken(self) -> int:
        """How many files their grammar failed on."""
        return sum(file.broken for _, file in self.files)

    @cached_property
    def log_lines(self) -> NDArray[np.float32]:
        """The logarithm of how many lines each file has."""
        return np.log1p(self.lines).astype(np.float32)

    @cached_property
    def roles(self) -> NDArray[np.int8]:
        """The role of each file."""
        return np.array([role_of(path) for path, _ in self.files], np.int8)

    @cached_property
    def folders(self) -> dict[str, int]:
        """A number for each folder."""
        return {folder: n for n, folder in enumerate(dict.fromkeys(map(_folder, self.numbers)))}

    @cached_property
    def folder_of(self) -> NDArray[np.int32]:
        """The number of each file's folder."""
        return np.array([self.folders[_folder(path)] for path in self.numbers], np.int32)

    @cached_property
    def stems(self) -> dict[str, list[int]]:
        """The files by the stem of their name."""
        found: dict[str, list[int]] = {}
        for path, n in self.numbers.items():
            found.setdefault(stem_of(path), []).append(n)
        return found

    @cached_property
    def modules(self) -> Modules:
        """What imports of these files may mean."""
        return Modules(self.numbers)

    @cached_property
    def imports(self) -> Pairs:
        """Files with those of this segment that they import."""
        files = ((n, path, file.imports) for n, (path, file) in enumerate(self.files))
        return as_pairs(pairs_of(files, self.modules, self.numbers))

    @cached_property
    def tests(self) -> Pairs:
        """Tests with the files of this segment that they are of."""
        return as_pairs(
            pair
            for members in self.stems.values()
            for pair in pair_tests([(n, self.files[n][0]) for n in members])
        )

    def wanting(self, ends: Iterable[str]) -> NDArray[np.int32]:
        """The files that import something whose module ends so; perhaps some others."""
        asked = np.fromiter(map(number, ends), np.uint32)
        words, files = self._wanted
        low, high = np.searchsorted(words, asked), np.searchsorted(words, asked, "right")
        spans = [files[a:b] for a, b in zip(low.tolist(), high.tolist(), strict=True)]
        return np.unique(np.concatenate(spans)) if spans else np.zeros(0, np.int32)

    @cached_property
    def _wanted(self) -> tuple[NDArray[np.uint32], NDArray[np.int32]]:
        """Ends of modules as numbers, in order, and which file imports such a one."""
        some = [
            (number(end), n)
            for n, (path, file) in enumerate(self.files)
            for wanted in wanted_by(path, file.imports)
            for end in wanted_ends(wanted)
        ]
        array = np.array(some, np.int64).reshape(-1, 2)
        array = array[np.argsort(array[:, 0], kind="stable")]
        return array[:, 0].astype(np.uint32), array[:, 1].astype(np.int32)


def pair_tests(members: Iterable[tuple[int, str]]) -> Iterable[tuple[int, int]]:
    """The pairs of test and source among files of the same stem."""
    members = list(members)
    tests = [n for n, path in members if role_of(path) is Role.TEST]
    sources = [n for n, path in members if role_of(path) is not Role.TEST]
    if len(sources) <= _MOST_SOURCES:
        for test in tests:
            for source in sources:
                yield test, source


def as_pairs(some: Iterable[tuple[int, int]]) -> Pairs:
    """Pairs as an array."""
    return np.array(list(some), np.int32).reshape(-1, 2)


@lru_cache(1 << 16)
def path_words(path: str) -> Postings:
    """The words of a path; those of the file's own name count twice."""
    name = path.rpartition("/")[2]
    return Postings.of([number_text(path) + number_text(name)])


def _folder(path: str) -> str:
    return path.rpartition("/")[0]
