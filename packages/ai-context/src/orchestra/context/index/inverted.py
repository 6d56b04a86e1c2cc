"""An inverted index over numbered documents, held in a few arrays and never changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from orchestra.context.index.parsed import Postings

_K1, _B = 1.2, 0.6  # BM25: how soon more of a word stops to count, how much length counts

Scores = NDArray[np.float32]
Kind = TypeVar("Kind", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Inverted:
    """Which documents hold which word, and how often.

    The documents of word `words[i]` are `documents[offsets[i]:offsets[i + 1]]`. `lengths` are the
    documents' lengths in words.
    """

    words: NDArray[np.uint32]
    offsets: NDArray[np.int64]
    documents: NDArray[np.int32]
    counts: NDArray[np.uint8]
    lengths: NDArray[np.float32]

    @classmethod
    def build(cls, parts: Sequence[Postings]) -> "Inverted":
        """The index of the parts' documents, numbered in order."""
        starts = _joined([part.starts for part in parts], np.int32)
        borders = np.cumsum([len(part.starts) for part in parts], dtype=np.int64)[:-1]
        per_document = np.delete(np.diff(starts), borders - 1)
        words = _joined([part.words for part in parts], np.uint32)
        counts = _joined([part.counts for part in parts], np.uint8)
        documents = np.repeat(np.arange(len(per_document), dtype=np.int32), per_document)
        lengths = np.bincount(documents, weights=counts, minlength=len(per_document))
        # Numbers of their own sort several times faster than places of equal words in order.
        keys = words.astype(np.uint64)
        keys <<= np.uint64(32)
        keys |= np.arange(len(words), dtype=np.uint64)
        keys.sort()
        order = (keys & np.uint64(0xFFFFFFFF)).astype(np.int64)
        keys >>= np.uint64(32)
        first = np.flatnonzero(np.diff(keys, prepend=~keys[:1]))
        return cls(
            keys[first].astype(np.uint32),
            np.append(first, len(words)).astype(np.int64),
            documents[order],
            counts[order],
            lengths.astype(np.float32),
        )

    @property
    def size(self) -> int:
        """How many documents there are."""
        return len(self.lengths)

    def find(self, words: NDArray[np.uint32]) -> list[tuple[int, int]]:
        """Where each word's documents lie; an empty span for one that is nowhere."""
        if not len(self.words):
            return [(0, 0)] * len(words)
        at = np.minimum(np.searchsorted(self.words, words), len(self.words) - 1)
        found = self.words[at] == words
        return [
            (int(self.offsets[i]), int(self.offsets[i + 1])) if hit else (0, 0)
            for i, hit in zip(at, found, strict=True)
        ]


class Field:
    """One searched field over several indexes, whose documents are numbered one after another."""

    def __init__(self, parts: Sequence[Inverted]) -> None:
        self._parts = parts
        self.size = sum(part.size for part in parts)
        lengths = _joined([part.lengths for part in parts], np.float32)
        average = float(lengths.mean()) if self.size else 1.0
        norm = _K1 * (1 - _B + _B * lengths / max(average, 1.0))
        self._norms = np.split(norm, np.cumsum([part.size for part in parts])[:-1])

    def score(self, words: Sequence[int], weights: Sequence[float] | None = None) -> Scores:
        """BM25 of every document for the words; `weights` are the words' own, 1 by default."""
        scores = np.zeros(self.size, np.float32)
        asked = np.array(words, np.uint32)
        spans = [part.find(asked) for part in self._parts]
        for number in range(len(words)):
            frequency = sum(span[number][1] - span[number][0] for span in spans)
            if frequency:
                weight = self._rarity(frequency) * (weights[number] if weights else 1.0)
                self._add(scores, [span[number] for span in spans], weight)
        return scores

    def rarities(self, words: Sequence[int]) -> list[float]:
        """How much finding each word says; 0 for one that is nowhere."""
        asked = np.array(words, np.uint32)
        spans = [part.find(asked) for part in self._parts]
        totals = [sum(s[n][1] - s[n][0] for s in spans) for n in range(len(words))]
        return [self._rarity(total) if total else 0.0 for total in totals]

    @property
    def lengths(self) -> NDArray[np.float32]:
        """The length of every document in words."""
        return _joined([part.lengths for part in self._parts], np.float32)

    def holding(self, word: int) -> NDArray[np.int32]:
        """The documents that hold a word."""
        return self.holding_counts(word)[0]

    def holding_counts(self, word: int) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
        """The documents that hold a word, and how often each does."""
        asked, first = np.array([word], np.uint32), 0
        documents, counts = [], []
        for part in self._parts:
            low, high = part.find(asked)[0]
            documents.append(part.documents[low:high] + np.int32(first))
            counts.append(part.counts[low:high])
            first += part.size
        return _joined(documents, np.int32), _joined(counts, np.uint8)

    def _rarity(self, frequency: int) -> float:
        return float(np.log1p((self.size - frequency + 0.5) / (frequency + 0.5)))

    def _add(self, scores: Scores, spans: Sequence[tuple[int, int]], weight: float) -> None:
        first = 0
        for part, norm, (low, high) in zip(self._parts, self._norms, spans, strict=True):
            if high > low:
                documents = part.documents[low:high]
                counts = part.counts[low:high].astype(np.float32)
                value = counts * np.float32(weight * (_K1 + 1)) / (counts + norm[documents])
                scores[documents + first] += value
            first += part.size


def _joined(arrays: Sequence[NDArray[Kind]], kind: type[Kind]) -> NDArray[Kind]:
    return np.concatenate(arrays) if arrays else np.zeros(0, kind)
