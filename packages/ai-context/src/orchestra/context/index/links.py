"""Which files of a view belong together: by import, and a test with what it tests."""

import numpy as np
from numpy.typing import NDArray
from orchestra.context.index.modules import Modules, ends_of, pairs_of
from orchestra.context.index.roles import stem_of
from orchestra.context.index.segment import Pairs, as_pairs, pair_tests
from orchestra.context.index.view import View


class Links:
    """The links of a view as pairs of file numbers.

    `importers[i]` imports `imported[i]`; `tests[i]` tests `tested[i]`. Those of the base are
    taken over; only what newer, new and vanished files have to do with is looked at again.
    """

    def __init__(self, view: View) -> None:
        self._view = view
        base, newer = view.base.numbers, view.newer.numbers
        gone = {view.base.files[n][0] for n in view.dead} - newer.keys()
        self._new = [path for path in newer if path not in base]
        self._appeared = {*gone, *self._new}
        imports, tests = self._imports(gone), self._tests()
        self.importers, self.imported = imports[:, 0], imports[:, 1]
        self.tests, self.tested = tests[:, 0], tests[:, 1]

    def neighbours(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """For each file the sum of its importers' and imports' scores, shared among their links."""
        size = len(scores)
        out = np.zeros(size, np.float32)
        for here, there in ((self.importers, self.imported), (self.imported, self.importers)):
            told = np.flatnonzero(scores[there])  # few: most files' score is 0
            from_, to = there[told], here[told]
            shares = scores[from_] / np.sqrt(np.bincount(there, minlength=size)[from_])
            out += np.bincount(to, shares, size)
        return out

    def of_tests(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """For each file the best score of a test of it."""
        out = np.zeros(len(scores), np.float32)
        np.maximum.at(out, self.tested, scores[self.tests])
        return out

    def _imports(self, gone: set[str]) -> Pairs:
        view = self._view
        first = len(view.base.files)
        ends = {end for path in self._appeared for end in ends_of(path)}
        again = [n for n in view.base.wanting(ends).tolist() if view.alive[n]] if ends else []
        settled = view.alive.copy()
        settled[again] = False
        modules: Modules = view.base.modules
        if self._appeared:
            modules = modules.becoming(gone, self._new)
        look = (*again, *range(first, len(view.files)))
        files = ((n, view.files[n][0], view.files[n][1].imports) for n in look)
        found = as_pairs(pairs_of(files, modules, view.numbers))
        return np.concatenate([self._kept(view.base.imports, settled), found])

    def _tests(self) -> Pairs:
        view = self._view
        settled = np.ones(len(view.files), bool)
        pairs: list[tuple[int, int]] = []
        for stem in {stem_of(path) for path in self._appeared}:
            settled[view.base.stems.get(stem, [])] = False
            pairs += pair_tests((n, view.files[n][0]) for n in view.with_stem(stem))
        return np.concatenate([self._kept(view.base.tests, settled), as_pairs(pairs)])

    def _kept(self, pairs: Pairs, settled: NDArray[np.bool_]) -> Pairs:
        """The base's pairs whose first file is settled, in the present numbers of the paths."""
        pairs = pairs[settled[pairs[:, 0]]]
        if not self._view.dead or not len(pairs):
            return pairs
        moved = np.arange(len(self._view.files), dtype=np.int32)
        for number in self._view.dead:
            moved[number] = self._view.numbers.get(self._view.base.files[number][0], -1)
        pairs = moved[pairs]
        return pairs[(pairs >= 0).all(axis=1)]
