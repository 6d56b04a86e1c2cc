"""The vectors of chunks: kept on disk by content, and in memory as bytes, so many and no more."""

import threading
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray
from orchestra.context.index.cache import Cache
from orchestra.context.index.corpus import Figures
from orchestra.context.index.passages import Keys

MOST_IN_MEMORY = 150_000
"""Vectors; of 384 numbers they take 60 MB."""
_MOST_ON_DISK = 600_000
_GROWTH = 4_096  # rows


class ChunkVectors:
    """Vectors of one embedder, each number a byte. Only their directions are kept.

    Threads may share it. Beyond `most`, no more are taken into memory.
    """

    def __init__(
        self, cache: Cache, embedder: str, dimension: int, most: int = MOST_IN_MEMORY
    ) -> None:
        self._cache = cache
        self._dimension = dimension
        self._most = most
        digest = blake2b(f"{embedder}:{dimension}".encode(), digest_size=8).digest()
        self._salt = int.from_bytes(digest, "little", signed=True)
        self._lock = threading.Lock()
        self._rows: dict[int, int] = {}
        self._absent: set[int] = set()  # what was not on disk when it was looked for
        self._matrix = np.zeros((0, dimension), np.int8)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def full(self) -> bool:
        """Whether no more is taken."""
        return len(self._rows) >= self._most

    def known(self, keys: Keys) -> NDArray[np.bool_]:
        """Which of the keys have a vector in memory."""
        rows = self._rows
        return np.fromiter((key in rows for key in keys.tolist()), bool, len(keys))

    def make_room(self, keys: Keys) -> None:
        """Forget in memory all but these, if they would not all fit beside what is there."""
        with self._lock:
            if len(keys) - int(self.known(keys).sum()) + len(self._rows) <= self._most:
                return
            wanted = set(keys.tolist())
            kept = {key: row for key, row in self._rows.items() if key in wanted}
            self._matrix = self._matrix[list(kept.values())]
            self._rows = {key: row for row, key in enumerate(kept)}
            self._absent = set()

    def recall(self, keys: Keys) -> None:
        """Take into memory what is on disk of these keys."""
        known, absent = self._rows, self._absent
        unknown = [key for key in keys.tolist() if key not in known and key not in absent]
        found = self._cache.vectors([key ^ self._salt for key in unknown])
        kept = {key ^ self._salt: data for key, data in found.items()}
        self._absent.update(key for key in unknown if key not in kept)
        fit = [key for key, data in kept.items() if len(data) == self._dimension]
        if fit:
            vectors = np.frombuffer(b"".join(kept[key] for key in fit), np.int8)
            self._take(fit, vectors.reshape(len(fit), -1))

    def put(self, keys: Keys, rows: Figures) -> None:
        """Keep vectors, one row for each key."""
        largest = np.maximum(np.abs(rows).max(axis=1, keepdims=True), np.float32(1e-9))
        small = np.rint(rows / largest * 127).astype(np.int8)
        self._take(keys.tolist(), small)
        data = {
            key ^ self._salt: row.tobytes() for key, row in zip(keys.tolist(), small, strict=True)
        }
        self._cache.put_vectors(data, _MOST_ON_DISK)

    def closeness(self, keys: Keys, vector: Figures) -> Figures:
        """The cosine of each key's vector to `vector`; not a number where there is none."""
        out = np.full(len(keys), np.nan, np.float32)
        with self._lock:
            rows = np.array([self._rows.get(key, -1) for key in keys.tolist()], np.int64)
            held = np.flatnonzero(rows >= 0)
            some = self._matrix[rows[held]].astype(np.float32)
        lengths = np.sqrt((some * some).sum(axis=1)) * np.sqrt((vector * vector).sum())
        # Not `@`, whose last digit is the machine's own.
        cosines = (some * vector).sum(axis=1) / np.maximum(lengths, np.float32(1e-9))
        out[held] = np.where(lengths > 0, cosines, np.nan)
        return out

    def _take(self, keys: Sequence[int], rows: NDArray[np.int8]) -> None:
        with self._lock:
            fresh = {key: n for n, key in enumerate(keys) if key not in self._rows}
            first = len(self._rows)
            chosen = list(fresh.items())[: max(0, self._most - first)]
            needed = first + len(chosen)
            if needed > len(self._matrix):
                size = min(self._most, max(needed, 2 * len(self._matrix), _GROWTH))
                grown = np.zeros((size, self._dimension), np.int8)
                grown[:first] = self._matrix[:first]
                self._matrix = grown
            self._matrix[first:needed] = rows[[n for _, n in chosen]]
            # The row is there before its key is: who looks without the lock finds it whole.
            self._rows |= {key: first + at for at, (key, _) in enumerate(chosen)}
