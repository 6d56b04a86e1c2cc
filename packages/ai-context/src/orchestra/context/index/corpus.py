"""A view of the files together with their history, and what can be told of both in advance."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from orchestra.context.index.history import History
from orchestra.context.index.links import Links
from orchestra.context.index.roles import Role
from orchestra.context.index.segment import Segment
from orchestra.context.index.view import View

Figures = NDArray[np.float32]
Numbers = NDArray[np.int32]


class Corpus:
    """Everything that a ranking reads, at one moment. It never changes.

    What does not depend on the files that differ is taken from the corpus `before`.
    """

    def __init__(self, view: View, history: History, before: "Corpus | None" = None) -> None:
        self.view = view
        self.history = history
        same = before is not None and before.history is history and before.view.base is view.base
        self.base_past: Numbers = before.base_past if before and same else _past(view.base, history)
        """The number that each path of the base has in the history, -1 for none."""
        past = np.concatenate([self.base_past, _past(view.newer, history)])
        self._known = np.flatnonzero((past >= 0) & view.alive)
        self._past = past[self._known]

    def prepare(self) -> None:
        """Compute now what the first question would wait for."""
        view = self.view
        for _ in (self.links, self.roles, self.folders, self.sizes, self.churn, self.recency):
            pass
        for _ in (view.body, view.names, view.paths, view.first_chunks, view.chunk_files):
            pass

    @cached_property
    def links(self) -> Links:
        """Imports, and tests with what they test."""
        return Links(self.view)

    @cached_property
    def roles(self) -> NDArray[np.int8]:
        """The role of each file."""
        return np.concatenate([self.view.base.roles, self.view.newer.roles])

    @cached_property
    def folders(self) -> NDArray[np.int32]:
        """A number for each file's folder."""
        base, newer = self.view.base, self.view.newer
        known = base.folders | {
            folder: len(base.folders) + n
            for n, folder in enumerate(f for f in newer.folders if f not in base.folders)
        }
        ours = [known[path.rpartition("/")[0]] for path, _ in newer.files]
        return np.concatenate([base.folder_of, np.array(ours, np.int32)])

    @cached_property
    def sizes(self) -> NDArray[np.int32]:
        """How many lines each file has."""
        return np.concatenate([self.view.base.lines, self.view.newer.lines])

    @cached_property
    def log_sizes(self) -> Figures:
        """The logarithm of each file's lines."""
        return np.concatenate([self.view.base.log_lines, self.view.newer.log_lines])

    @cached_property
    def churn(self) -> Figures:
        """How often each file was changed."""
        return np.log1p(self.spread(self.history.churn))

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


def _past(segment: Segment, history: History) -> Numbers:
    paths = history.paths
    return np.array([paths.get(path, -1) for path, _ in segment.files], np.int32)
