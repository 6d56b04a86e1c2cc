"""Measures the chunks of files that a task is likely about: which places in them it means."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from orchestra.context.index.corpus import Figures
from orchestra.context.index.signals import Signals
from orchestra.context.index.view import View

CHUNK_SIGNALS = (
    "file",
    "file_place",
    "body",
    "names",
    "within",
    "within_names",
    "place",
    "around",
    "first",
    "alone",
    "chunks",
    "tokens",
    "file × within",
    "file × place",
    "body × place",
    "file × first",
    "chunks × place",
)
"""The figures of each chunk, in the order of the columns of `measure_chunks`."""

_JOINT = (
    ("file", "within"),
    ("file", "place"),
    ("body", "place"),
    ("file", "first"),
    ("chunks", "place"),
)


def measure_chunks(
    view: View, signals: Signals, scores: Figures, files: Sequence[int]
) -> tuple[NDArray[np.int64], Figures]:
    """The numbers of the chunks of `files`, best file first, and their figures.

    `scores` are the files' scores, of all files of the view.
    """
    firsts = view.first_chunks
    asked = np.array(files, np.int64)
    asked_sizes = firsts[asked + 1] - firsts[asked]
    places = np.flatnonzero(asked_sizes)
    if not len(places):
        return np.zeros(0, np.int64), np.zeros((0, len(CHUNK_SIGNALS)), np.float32)
    sizes = asked_sizes[places]
    starts = np.cumsum(sizes) - sizes  # where each file's rows begin
    of = np.repeat(np.arange(len(places)), sizes)  # the file of each row
    rows = np.arange(len(of))
    numbers = firsts[asked[places]][of] + rows - starts[of]
    body, names = signals.chunk_body[numbers], signals.chunk_names[numbers]
    most_body = max(float(signals.chunk_body.max(initial=0.0)), 1e-6)
    most_names = max(float(signals.chunk_names.max(initial=0.0)), 1e-6)
    least = np.float32(1e-6)
    best_body = np.maximum(np.maximum.reduceat(body, starts), least)[of]
    best_names = np.maximum(np.maximum.reduceat(names, starts), least)[of]
    ranks = np.empty(len(of), np.float32)
    ranks[np.lexsort((-(body + 0.5 * names), of))] = rows - starts[of]
    first, last = rows == starts[of], rows == (starts + sizes - 1)[of]
    before = np.where(first, np.float32(0), np.roll(body, 1))
    after = np.where(last, np.float32(0), np.roll(body, -1))
    tokens = np.concatenate([view.files[files[place]][1].tokens for place in places.tolist()])
    column: dict[str, Figures] = {
        "file": scores[asked[places]][of],
        "file_place": np.log1p(places).astype(np.float32)[of],
        "body": body / most_body,
        "names": names / most_names,
        "within": body / best_body,
        "within_names": names / best_names,
        "place": np.log1p(ranks),
        "around": (np.maximum(before, after) / most_body).astype(np.float32),
        "first": first.astype(np.float32),
        "alone": (sizes == 1)[of].astype(np.float32),
        "chunks": np.log1p(sizes).astype(np.float32)[of],
        "tokens": np.log1p(tokens.astype(np.float32)),
    }
    column |= {f"{one} × {other}": column[one] * column[other] for one, other in _JOINT}
    figures = np.stack([column[name] for name in CHUNK_SIGNALS], axis=1)
    return numbers, figures.astype(np.float32)
