"""The weights of the ranking: learned from commits, shipped as files that can be read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files as resources

import numpy as np
import orjson
from numpy.typing import NDArray
from orchestra.context.index.chunk_signals import CHUNK_SIGNALS
from orchestra.context.index.nearness import NEAR_CHUNK_SIGNALS, NEAR_FILE_SIGNALS
from orchestra.context.index.signals import FILE_SIGNALS

ALL_FILE_SIGNALS = FILE_SIGNALS + NEAR_FILE_SIGNALS


@dataclass(frozen=True, slots=True)
class Weights:
    """A linear model for files and one for chunks, learned by `orchestra.context.recall.tune`."""

    files: NDArray[np.float32]
    files_bias: float
    chunks: NDArray[np.float32]
    chunks_bias: float

    @classmethod
    def load(cls, text: bytes, plain: "Weights | None" = None) -> "Weights":
        """The weights that `dump` wrote; a signal without one weighs nothing.

        A text that says `added_to` holds weights of nearness alone: they stand beside those of
        `plain`, or the shipped ones, which stay as they are.
        """
        document = orjson.loads(text)
        if "added_to" in document:
            return (plain or shipped_weights()).with_nearness(document["files"], document["chunks"])
        return cls(
            _listed(FILE_SIGNALS, document["files"]),
            document["files_bias"],
            _listed(CHUNK_SIGNALS, document["chunks"]),
            document["chunks_bias"],
        )

    def with_nearness(self, files: Mapping[str, float], chunks: Mapping[str, float]) -> "Weights":
        """These weights without vectors, and weights of nearness by name beside them."""
        return replace(
            self,
            files=np.concatenate([self.files, _listed(NEAR_FILE_SIGNALS, files)]),
            chunks=np.concatenate([self.chunks, _listed(NEAR_CHUNK_SIGNALS, chunks)]),
        )

    @property
    def near(self) -> bool:
        """Whether they weigh the nearness of meaning too."""
        return len(self.files) > len(FILE_SIGNALS)

    def dump(self) -> bytes:
        """The weights by name, as JSON; of those with nearness only what it adds."""
        document: dict[str, object]
        if self.near:
            document = {
                "added_to": "weights.json",
                "files": _named(NEAR_FILE_SIGNALS, self.files[len(FILE_SIGNALS) :]),
                "chunks": _named(NEAR_CHUNK_SIGNALS, self.chunks[len(CHUNK_SIGNALS) :]),
            }
        else:
            document = {
                "files": _named(FILE_SIGNALS, self.files),
                "files_bias": round(self.files_bias, 4),
                "chunks": _named(CHUNK_SIGNALS, self.chunks),
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


def _listed(names: Sequence[str], values: Mapping[str, float]) -> NDArray[np.float32]:
    return np.array([values.get(name, 0.0) for name in names], np.float32)


def _named(names: Sequence[str], values: NDArray[np.float32]) -> Mapping[str, float]:
    return {name: round(float(value), 4) for name, value in zip(names, values, strict=True)}
