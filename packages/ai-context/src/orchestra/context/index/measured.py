"""The figures of a query for files and chunks, with the nearness of meaning or without."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from orchestra.context.index.chunk_signals import CHUNK_SIGNALS, measure_chunks
from orchestra.context.index.corpus import Corpus, Figures
from orchestra.context.index.nearness import Chunks, Near, Nearness, choose_candidates
from orchestra.context.index.signals import FILE_SIGNALS, Signals
from orchestra.context.index.weights import Weights

CONSIDERED = 100
"""How many files' places are looked at."""

_SOURCE, _WITHIN = FILE_SIGNALS.index("source"), CHUNK_SIGNALS.index("within")


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of a query, and how near the likeliest chunks are if that was asked."""

    signals: Signals
    near: Near | None = None

    def files(self, corpus: Corpus) -> Figures:
        """The figures of all files."""
        if self.near is None:
            return self.signals.files
        source = self.signals.files[:, _SOURCE]
        more = self.near.files(corpus.view, source)
        return np.hstack([self.signals.files, more * corpus.view.alive[:, None]])

    def chunks(
        self, corpus: Corpus, scores: Figures, files: Sequence[int]
    ) -> tuple[Chunks, Figures]:
        """The chunks of some files, best first, and their figures."""
        numbers, figures = measure_chunks(corpus.view, self.signals, scores, files)
        if self.near is None:
            return numbers, figures
        more = self.near.chunks(corpus.view, numbers, figures[:, _WITHIN])
        return numbers, np.hstack([figures, more])


def with_nearness(
    corpus: Corpus,
    signals: Signals,
    weights: Weights,
    nearness: Nearness,
    wanted: NDArray[np.bool_],
) -> Measured:
    """The figures with the nearness of those chunks that `weights` without it find likeliest."""
    plain = Measured(signals)
    scores = score_files(corpus, plain, weights)
    order = likeliest(scores, wanted)
    numbers, figures = plain.chunks(corpus, scores, order)
    best = np.argsort(-(figures * weights.chunks).sum(axis=1), kind="stable")
    candidates = choose_candidates(corpus.view, np.array(order, np.int64), numbers[best])
    return Measured(signals, Near.of(candidates, nearness(corpus, candidates)))


def score_files(corpus: Corpus, measured: Measured, weights: Weights) -> Figures:
    """The log-odds of each file; a file of another state comes last."""
    # Not `@`: the order in which it adds, and so the last digit, is the machine's own.
    figures = measured.files(corpus)
    scores = np.zeros(len(figures), np.float32)
    for column, weight in zip(figures.T, weights.files, strict=True):
        scores += column * weight
    scores += np.float32(weights.files_bias)
    return np.where(corpus.view.alive, scores, np.float32(-1e6)).astype(np.float32)


def likeliest(scores: Figures, wanted: NDArray[np.bool_]) -> list[int]:
    """The numbers of the best files of those that are wanted, the best first."""
    files = np.flatnonzero(wanted)
    if len(files) > CONSIDERED:
        least = np.partition(scores[files], -CONSIDERED)[-CONSIDERED]
        files = files[scores[files] >= least]
    best: list[int] = files[np.argsort(-scores[files], kind="stable")][:CONSIDERED].tolist()
    return best
