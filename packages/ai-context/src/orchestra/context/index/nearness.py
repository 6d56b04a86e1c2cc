"""Measures how near the meaning of places is to that of a task: figures beside those of words."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from orchestra.context.index.corpus import Corpus, Figures
from orchestra.context.index.view import View

NEAR_FILE_SIGNALS = ("near", "near_mean", "near_place", "near × source")
"""The figures of each file, in the order of the columns of `Near.files`."""

NEAR_CHUNK_SIGNALS = ("near", "near_within", "near_place", "near_file", "near × within")
"""The figures of each chunk, in the order of the columns of `Near.chunks`."""

CANDIDATES = 200
"""How many chunks are compared with a task: the likeliest by everything else."""
_FILES = 60  # the likeliest, of each of which one chunk is compared
_FEWEST = 8  # known cosines from which their mean and spread are believed
_FAR = 4.0  # beyond so many standard deviations nothing is told apart

Chunks = NDArray[np.int64]
"""Chunks by their number in a view."""

Nearness = Callable[[Corpus, Chunks], Figures]
"""Tells the cosine of some chunks to the task; not a number for a chunk that has no vector."""


def choose_candidates(view: View, files: NDArray[np.int64], chunks: Chunks) -> Chunks:
    """The chunks to compare, the likeliest first; `files` and `chunks` are in that order."""
    of = view.chunk_files[chunks]
    _, firsts = np.unique(of, return_index=True)  # the best chunk of each file
    best = firsts[np.isin(of[firsts], files[:_FILES])]
    others = np.setdiff1d(np.arange(len(chunks)), best)
    chosen = np.concatenate([best, others[: max(0, CANDIDATES - len(best))]])
    candidates: Chunks = chunks[np.sort(chosen)]
    return candidates


@dataclass(frozen=True, slots=True)
class Near:
    """The candidates with their nearness in standard deviations from their mean; 0 if unknown.

    Models differ in what cosine is much; the place among others of the same task does not.
    """

    candidates: Chunks
    figures: Figures

    @classmethod
    def of(cls, candidates: Chunks, cosines: Figures) -> "Near":
        """The nearness of candidates; of too few known ones nothing is told."""
        known = np.isfinite(cosines)
        figures = np.zeros(len(candidates), np.float32)
        if known.sum() >= _FEWEST:
            some = cosines[known]
            spread = max(float(some.std()), 1e-6)
            figures[known] = ((some - some.mean()) / spread).clip(-_FAR, _FAR)
        return cls(candidates, figures)

    @property
    def told(self) -> bool:
        """Whether anything is told."""
        return bool(self.figures.any())

    def files(self, view: View, source: Figures) -> Figures:
        """Figures of all files: of their nearest chunk, of the mean, and the place among files."""
        count = len(view.files)
        of = view.chunk_files[self.candidates]
        best = np.full(count, -np.inf, np.float32)
        np.maximum.at(best, of, self.figures)
        asked = np.isfinite(best)
        best = np.where(asked, best, np.float32(0))
        sums = np.bincount(of, self.figures, count).astype(np.float32)
        mean = sums / np.maximum(np.bincount(of, minlength=count), 1)
        return np.stack([best, mean, _places(best, asked), best * source], axis=1).astype(
            np.float32
        )

    def chunks(self, view: View, numbers: Chunks, within: Figures) -> Figures:
        """Figures of some chunks; `within` is how well each fits among its file's by words."""
        every = np.zeros(len(view.chunk_files), np.float32)
        every[self.candidates] = self.figures
        asked = np.zeros(len(every), bool)
        asked[self.candidates] = True
        of = view.chunk_files[numbers]
        best = np.full(len(view.files), -np.inf, np.float32)
        np.maximum.at(best, view.chunk_files[self.candidates], self.figures)
        nearest = np.where(np.isfinite(best), best, np.float32(0))[of]
        figures, mine = every[numbers], asked[numbers]
        inside = np.where(mine, figures - nearest, np.float32(0))
        columns = [figures, inside, _places(figures, mine), nearest, figures * within]
        return np.stack(columns, axis=1).astype(np.float32)


def _places(figures: Figures, asked: NDArray[np.bool_]) -> Figures:
    """How far behind the nearest each is, from 0 to 1; all others are behind the last."""
    places = np.ones(len(figures), np.float32)
    order = np.flatnonzero(asked & (figures != 0))
    order = order[np.argsort(-figures[order], kind="stable")]
    places[order] = np.log1p(np.arange(len(order), dtype=np.float32)) / np.float32(
        np.log1p(CANDIDATES)
    )
    return places
