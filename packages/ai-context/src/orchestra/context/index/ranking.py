"""Orders files and the places in them by how likely a task is about them, and says why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import overload

import numpy as np
from orchestra.context.index.corpus import Corpus, Figures
from orchestra.context.index.measured import Measured, likeliest, score_files, with_nearness
from orchestra.context.index.nearness import Nearness
from orchestra.context.index.signals import FILE_SIGNALS, Query, measure
from orchestra.context.index.weights import (
    ALL_FILE_SIGNALS,
    Weights,
    shipped_near_weights,
    shipped_weights,
)

_PATH = FILE_SIGNALS.index("path")
_REASONS = {
    "body": "a passage holds the task's words",
    "body_top": "several passages hold the task's words",
    "body_subject": "a passage holds the first line's words",
    "names": "it defines names made of the task's words",
    "names_subject": "it defines names made of the first line's words",
    "path": "its path holds the task's words",
    "path_subject": "its path holds the first line's words",
    "coverage": "most of the task's words are in it",
    "history": "commits with messages like the task changed it",
    "history_best": "the commit most like the task changed it",
    "history_recent": "recent commits like the task changed it",
    "folder": "its folder holds other likely files",
    "defined": "it defines a name that the task mentions",
    "mentioned": "it uses a name that the task mentions",
    "stem": "the task names the file",
    "recency": "it was changed lately",
    "together": "it is often changed together with the likeliest files",
    "imports": "the likeliest files import it, or it imports them",
    "tested": "its test holds the task's words",
    "near": "a passage means much the same as the task",
}
_REASON_OF = [_REASONS.get(name) for name in ALL_FILE_SIGNALS]


@dataclass(frozen=True, slots=True)
class Dense:
    """What a ranking with vectors needs: something to ask how near chunks are, and its weights."""

    nearness: Nearness
    weights: Weights | None = None
    """The shipped ones, unless given."""


@dataclass(frozen=True, slots=True)
class RankedFile:
    """A file, how likely the task is about it (log-odds), and the strongest reasons for it."""

    path: str
    score: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RankedChunk:
    """Lines of a file, how likely the task changes something in them (0 to 1), and their tokens."""

    path: str
    start: int
    end: int
    tokens: int
    likelihood: float
    fits: bool
    """Whether it, or its file's path, holds any of the task's words."""


class RankedChunks(Sequence[RankedChunk]):
    """The chunks of the best files, the likeliest first; each is made when it is looked at.

    A search looks at some ten of the thousand.
    """

    def __init__(
        self,
        corpus: Corpus,
        measured: Measured,
        weights: Weights,
        scores: Figures,
        files: Sequence[int],
    ) -> None:
        view, signals = corpus.view, measured.signals
        numbers, figures = measured.chunks(corpus, scores, files)
        odds = (figures * weights.chunks).sum(axis=1) + np.float32(weights.chunks_bias)
        likelihood = 1 / (1 + np.exp(-odds))
        order = np.argsort(-likelihood, kind="stable")
        numbers = numbers[order]
        of = view.chunk_files[numbers]
        fits = (signals.chunk_body[numbers] > 0) | (signals.files[of, _PATH] > 0)
        places = numbers - view.first_chunks[of]
        self._files = view.files
        self._rows = [of.tolist(), places.tolist(), likelihood[order].tolist(), fits.tolist()]

    def fitting(self) -> Iterator[RankedChunk]:
        """Those that fit, of which a rare word leaves few: the others are not even made."""
        return (self[n] for n, fits in enumerate(self._rows[3]) if fits)

    def __len__(self) -> int:
        return len(self._rows[0])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RankedChunks) and list(self) == list(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    @overload
    def __getitem__(self, at: int) -> RankedChunk: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[RankedChunk]: ...

    def __getitem__(self, at: int | slice) -> RankedChunk | Sequence[RankedChunk]:
        if isinstance(at, slice):
            return [self[n] for n in range(*at.indices(len(self)))]
        file, place, likely, fits = (row[at] for row in self._rows)
        path, parsed = self._files[file]
        start, end = int(parsed.starts[place]), int(parsed.ends[place])
        return RankedChunk(path, start, end, int(parsed.tokens[place]), round(likely, 5), fits)


@dataclass(frozen=True, slots=True)
class Ranking:
    """Files and chunks, the likeliest first."""

    files: tuple[RankedFile, ...]
    chunks: Sequence[RankedChunk]

    def fitting(self) -> Iterator[RankedChunk]:
        """The chunks that fit, the likeliest first."""
        if isinstance(self.chunks, RankedChunks):
            return self.chunks.fitting()
        return (chunk for chunk in self.chunks if chunk.fits)


def rank(
    corpus: Corpus,
    query: Query,
    weights: Weights | None = None,
    under: str = "",
    dense: Dense | None = None,
) -> Ranking:
    """Rank the files of a corpus, or those whose path begins with `under`, for a task.

    With `dense`, the best so found are compared with the task by meaning and ranked again; where
    too few of them can be, the ranking stays as it is without. The same input gives the same order.
    """
    if not len(corpus.view):
        return Ranking((), ())
    weights = weights or shipped_weights()
    measured = Measured(measure(corpus, query))
    wanted = corpus.view.alive
    if under:
        wanted = wanted & np.array([p.startswith(under) for p, _ in corpus.view.files], bool)
    if dense is not None:
        compared = with_nearness(corpus, measured.signals, weights, dense.nearness, wanted)
        if compared.near is not None and compared.near.told:
            measured, weights = compared, dense.weights or shipped_near_weights()
    scores = score_files(corpus, measured, weights)
    order = likeliest(scores, wanted)
    files = _ranked_files(corpus, measured, weights, scores, order)
    return Ranking(files, RankedChunks(corpus, measured, weights, scores, order))


def _ranked_files(
    corpus: Corpus, measured: Measured, weights: Weights, scores: Figures, files: Sequence[int]
) -> tuple[RankedFile, ...]:
    shares = measured.files(corpus)[files] * weights.files
    ranked = []
    for file, share, order in zip(
        files, shares.tolist(), np.argsort(-shares, axis=1, kind="stable").tolist(), strict=True
    ):
        reasons = (_REASON_OF[n] for n in order if share[n] > 0.05)
        path, score = corpus.view.files[file][0], round(float(scores[file]), 4)
        ranked.append(RankedFile(path, score, tuple(islice(filter(None, reasons), 3))))
    return tuple(ranked)
