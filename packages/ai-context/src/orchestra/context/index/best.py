"""Finds the best of each group among many figures that are 0 or more."""

import numpy as np
from numpy.typing import NDArray

Figures = NDArray[np.float32]
Numbers = NDArray[np.int64]

_COUNTED = 20  # of a group; what comes after counts nothing that a float could tell
_SHARES = np.float32(0.5) ** np.arange(_COUNTED + 1, dtype=np.int64)
_ALL = np.int64(0xFFFFFFFF)


def best_first(
    groups: NDArray[np.int32], figures: Figures
) -> tuple[Numbers, Figures, NDArray[np.int64]]:
    """Groups and figures, sorted by group and then the greatest figure first, with their places.

    One sort of whole numbers: the bits of floats that are not negative sort as the floats do.
    """
    bits = np.ascontiguousarray(figures, np.float32).view(np.uint32).astype(np.int64)
    keys = np.sort((groups.astype(np.int64) << 32) | (_ALL - bits))
    sorted_groups = keys >> 32
    sorted_figures = (_ALL - (keys & _ALL)).astype(np.uint32).view(np.float32)
    sizes = np.bincount(sorted_groups)
    starts = np.cumsum(sizes) - sizes
    places = np.arange(len(keys)) - starts[sorted_groups]
    return sorted_groups, sorted_figures, places


def best_of(chunks: Figures, files: NDArray[np.int32], count: int) -> Figures:
    """For each of `count` files its best chunk's figure; `files` are the chunks' files."""
    out = np.zeros(count, np.float32)
    hits = np.flatnonzero(chunks)
    np.maximum.at(out, files[hits], chunks[hits])
    return out


def best_and_top(chunks: Figures, files: NDArray[np.int32], count: int) -> tuple[Figures, Figures]:
    """Each file's best figure, and the sum of all, each counting half of the one before."""
    hits = np.flatnonzero(chunks)
    groups, figures, places = best_first(files[hits], chunks[hits])
    best = np.zeros(count, np.float32)
    first = places == 0
    best[groups[first]] = figures[first]
    shares = _SHARES[np.minimum(places, _COUNTED)]
    return best, np.bincount(groups, figures * shares, count).astype(np.float32)
