"""A view of the files together with their history, and what can be told of both in advance."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from orchestra.context.index.history import History
from orchestra.context.index.links import Links
from orchestra.context.index.roles import Role, role_of, stem_of
from orchestra.context.index.view import View

Figures = NDArray[np.float32]


class Corpus:
    """Everything that a ranking reads, at one moment. It never changes."""

    def __init__(self, view: View, history: History) -> None:
        self.view = view
        self.history = history
        pairs = [(n, history.paths[p]) for p, n in view.numbers.items() if p in history.paths]
        array = np.array(pairs, np.int32).reshape(-1, 2)
        self._known, self._past = array[:, 0], array[:, 1]

    @cached_property
    def links(self) -> Links:
        """Imports, and tests with what they test."""
        return Links(self.view)

    @cached_property
    def roles(self) -> NDArray[np.int8]:
        """The role of each file."""
        return np.array([role_of(path) for path, _ in self.view.files], np.int8)

    @cached_property
    def stems(self) -> dict[str, list[int]]:
        """The files by the stem of their name."""
        found: dict[str, list[int]] = {}
        for path, number in self.view.numbers.items():
            found.setdefault(stem_of(path), []).append(number)
        return found

    @cached_property
    def folders(self) -> NDArray[np.int32]:
        """A number for each file's folder."""
        known: dict[str, int] = {}
        numbers = [
            known.setdefault(path.rpartition("/")[0], len(known)) for path, _ in self.view.files
        ]
        return np.array(numbers, np.int32)

    @cached_property
    def sizes(self) -> NDArray[np.int32]:
        """How many lines each file has."""
        return np.array([file.lines for _, file in self.view.files], np.int32)

    @cached_property
    def churn(self) -> Figures:
        """How often each file was changed."""
        return np.log1p(self.spread(self.history.per_path(np.ones_like(self.ages))))

    @cached_property
    def recency(self) -> Figures:
        """How often each file was changed lately: a hundred commits ago count half."""
        return np.log1p(self.spread(self.history.per_path(self.fading(100))))

    @cached_property
    def ages(self) -> Figures:
        """How many commits ago each commit was made."""
        return np.arange(len(self.history.commits), dtype=np.float32)

    def fading(self, half: float) -> Figures:
        """1 for the newest commit, and half as much each `half` commits before it."""
        figures: Figures = np.exp2(-self.ages / np.float32(half)).astype(np.float32)
        return figures

    def spread(self, figures: Figures) -> Figures:
        """Figures of the history's paths as figures of the view's files."""
        out = np.zeros(len(self.view.files), np.float32)
        out[self._known] = figures[self._past]
        return out

    def gather(self, figures: Figures) -> Figures:
        """Figures of the view's files as figures of the history's paths."""
        out = np.zeros(len(self.history.paths), np.float32)
        out[self._past] = figures[self._known]
        return out

    def is_role(self, role: Role) -> Figures:
        """1 for each file of a role."""
        figures: Figures = (self.roles == role).astype(np.float32)
        return figures
