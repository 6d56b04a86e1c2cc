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
    most_body = max(float(signals.chunk_body.max(initial=0.0)), 1e-6)
    most_names = max(float(signals.chunk_names.max(initial=0.0)), 1e-6)
    numbers, rows = [], []
    for place, file in enumerate(files):
        span = slice(int(firsts[file]), int(firsts[file + 1]))
        size = span.stop - span.start
        if not size:
            continue
        body, names = signals.chunk_body[span], signals.chunk_names[span]
        order = np.argsort(-(body + 0.5 * names), kind="stable")
        rank = np.empty(size, np.float32)
        rank[order] = np.arange(size)
        padded = np.pad(body, 1)
        first = np.zeros(size, np.float32)
        first[0] = 1.0
        tokens = view.files[file][1].tokens.astype(np.float32)
        rows.append(
            np.stack(
                [
                    np.full(size, scores[file]),
                    np.full(size, np.log1p(place)),
                    body / most_body,
                    names / most_names,
                    body / max(float(body.max()), 1e-6),
                    names / max(float(names.max()), 1e-6),
                    np.log1p(rank),
                    np.maximum(padded[:-2], padded[2:]) / most_body,
                    first,
                    np.full(size, float(size == 1)),
                    np.full(size, np.log1p(size)),
                    np.log1p(tokens),
                ],
                axis=1,
            )
        )
        numbers.append(np.arange(span.start, span.stop))
    if not rows:
        return np.zeros(0, np.int64), np.zeros((0, len(CHUNK_SIGNALS)), np.float32)
    plain = np.concatenate(rows)
    column = {name: plain[:, number] for number, name in enumerate(CHUNK_SIGNALS[: plain.shape[1]])}
    joint = [column[one] * column[other] for one, other in _JOINT]
    figures = np.concatenate([plain, np.stack(joint, axis=1)], axis=1)
    return np.concatenate(numbers), figures.astype(np.float32)
