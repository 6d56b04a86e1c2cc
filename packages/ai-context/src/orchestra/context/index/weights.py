"""The weights of the ranking: learned from commits, shipped as files that can be read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files as resources

import numpy as np
import orjson
from numpy.typing import NDArray
from orchestra.context.index.chunk_signals import CHUNK_SIGNALS
from orchestra.context.index.nearness import NEAR_CHUNK_SIGNALS, NEAR_FILE_SIGNALS
from orchestra.context.index.signals import FILE_SIGNALS

ALL_FILE_SIGNALS = FILE_SIGNALS + NEAR_FILE_SIGNALS
_ALL_CHUNK_SIGNALS = CHUNK_SIGNALS + NEAR_CHUNK_SIGNALS


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
        files, chunks = _signals(bool(document.get("near")))
        return cls(
            np.array([document["files"].get(n, 0.0) for n in files], np.float32),
            document["files_bias"],
            np.array([document["chunks"].get(n, 0.0) for n in chunks], np.float32),
            document["chunks_bias"],
        )

    @property
    def near(self) -> bool:
        """Whether they weigh the nearness of meaning too."""
        return len(self.files) > len(FILE_SIGNALS)

    def dump(self) -> bytes:
        """The weights by name, as JSON."""
        files, chunks = _signals(self.near)
        document = ({"near": True} if self.near else {}) | {
            "files": _named(files, self.files),
            "files_bias": round(self.files_bias, 4),
            "chunks": _named(chunks, self.chunks),
            "chunks_bias": round(self.chunks_bias, 4),
        }
        return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


@cache
def shipped_weights() -> Weights:
    """The weights that ship with the package, for a ranking without vectors."""
    return Weights.load((resources("orchestra.context.index") / "weights.json").read_bytes())


@cache
def shipped_near_weights() -> Weights:
    """The weights that ship with the package, for a ranking with vectors."""
    return Weights.load((resources("orchestra.context.index") / "weights_near.json").read_bytes())


def chunk_signals(near: bool) -> Sequence[str]:
    """The names of the figures of chunks, with those of nearness or without."""
    return _signals(near)[1]


def _signals(near: bool) -> tuple[Sequence[str], Sequence[str]]:
    """The names of the figures of files and of chunks, with those of nearness or without."""
    if near:
        return ALL_FILE_SIGNALS, _ALL_CHUNK_SIGNALS
    return FILE_SIGNALS, CHUNK_SIGNALS


def _named(names: Sequence[str], values: NDArray[np.float32]) -> Mapping[str, float]:
    return {name: round(float(value), 4) for name, value in zip(names, values, strict=True)}
