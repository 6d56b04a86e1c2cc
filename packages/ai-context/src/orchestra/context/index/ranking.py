"""Orders files and the places in them by how likely a task is about them, and says why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files as resources
from itertools import islice
from typing import overload

import numpy as np
import orjson
from numpy.typing import NDArray
from orchestra.context.index.chunk_signals import CHUNK_SIGNALS, measure_chunks
from orchestra.context.index.corpus import Corpus, Figures
from orchestra.context.index.signals import FILE_SIGNALS, Query, Signals, measure
from orchestra.context.index.view import View

CONSIDERED = 100
"""How many files' places are looked at."""

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
}
_REASON_OF = [_REASONS.get(name) for name in FILE_SIGNALS]


@dataclass(frozen=True, slots=True)
class Weights:
    """A linear model for files and one for chunks, learned by `orchestra.context.recall.tune`."""

    files: NDArray[np.float32]
    files_bias: float
    chunks: NDArray[np.float32]
    chunks_bias: float

    @classmethod
    def load(cls, text: bytes) -> "Weights":
        """The weights that `dump` wrote; a signal without one weighs nothing."""
        document = orjson.loads(text)
        return cls(
            np.array([document["files"].get(n, 0.0) for n in FILE_SIGNALS], np.float32),
            document["files_bias"],
            np.array([document["chunks"].get(n, 0.0) for n in CHUNK_SIGNALS], np.float32),
            document["chunks_bias"],
        )

    def dump(self) -> bytes:
        """The weights by name, as JSON."""
        document = {
            "files": _named(FILE_SIGNALS, self.files),
            "files_bias": round(self.files_bias, 4),
            "chunks": _named(CHUNK_SIGNALS, self.chunks),
            "chunks_bias": round(self.chunks_bias, 4),
        }
        return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


@cache
def shipped_weights() -> Weights:
    """The weights that ship with the package."""
    return Weights.load((resources("orchestra.context.index") / "weights.json").read_bytes())


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
        self, view: View, signals: Signals, weights: Weights, scores: Figures, files: Sequence[int]
    ) -> None:
        numbers, figures = measure_chunks(view, signals, scores, files)
        odds = (figures * weights.chunks).sum(axis=1) + np.float32(weights.chunks_bias)
        likelihood = 1 / (1 + np.exp(-odds))
        order = np.argsort(-likelihood, kind="stable")
        numbers = numbers[order]
        of = view.chunk_files[numbers]
        fits = (signals.chunk_body[numbers] > 0) | (signals.files[of, _PATH] > 0)
        places = numbers - view.first_chunks[of]
        self._files = view.files
        self._rows = [of.tolist(), places.tolist(), likelihood[order].tolist(), fits.tolist()]

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


def rank(corpus: Corpus, query: Query, weights: Weights | None = None, under: str = "") -> Ranking:
    """Rank the files of a corpus, or those whose path begins with `under`, for a task.

    The same input gives the same order.
    """
    if not len(corpus.view):
        return Ranking((), ())
    weights = weights or shipped_weights()
    signals = measure(corpus, query)
    scores = score_files(corpus, signals, weights)
    wanted = corpus.view.alive
    if under:
        wanted = wanted & np.array([p.startswith(under) for p, _ in corpus.view.files], bool)
    order = _best(scores, wanted)
    files = _ranked_files(corpus, signals, weights, scores, order)
    return Ranking(files, RankedChunks(corpus.view, signals, weights, scores, order))


def score_files(corpus: Corpus, signals: Signals, weights: Weights) -> Figures:
    """The log-odds of each file; a file of another state comes last."""
    # Not `@`: the order in which it adds, and so the last digit, is the machine's own.
    scores = np.zeros(len(signals.files), np.float32)
    for column, weight in zip(signals.files.T, weights.files, strict=True):
        scores += column * weight
    scores += np.float32(weights.files_bias)
    return np.where(corpus.view.alive, scores, np.float32(-1e6)).astype(np.float32)


def _best(scores: Figures, wanted: NDArray[np.bool_]) -> list[int]:
    """The numbers of the best files of those that are wanted, the best first."""
    files = np.flatnonzero(wanted)
    if len(files) > CONSIDERED:
        least = np.partition(scores[files], -CONSIDERED)[-CONSIDERED]
        files = files[scores[files] >= least]
    best: list[int] = files[np.argsort(-scores[files], kind="stable")][:CONSIDERED].tolist()
    return best


def _ranked_files(
    corpus: Corpus, signals: Signals, weights: Weights, scores: Figures, files: Sequence[int]
) -> tuple[RankedFile, ...]:
    shares = signals.files[files] * weights.files
    ranked = []
    for file, share, order in zip(
        files, shares.tolist(), np.argsort(-shares, axis=1, kind="stable").tolist(), strict=True
    ):
        reasons = (_REASON_OF[n] for n in order if share[n] > 0.05)
        path, score = corpus.view.files[file][0], round(float(scores[file]), 4)
        ranked.append(RankedFile(path, score, tuple(islice(filter(None, reasons), 3))))
    return tuple(ranked)


def _named(names: Sequence[str], values: NDArray[np.float32]) -> Mapping[str, float]:
    return {name: round(float(value), 4) for name, value in zip(names, values, strict=True)}
