"""The embedder that needs no model: words and their parts, hashed into a fixed number of places.

Two texts are near when they share identifiers, parts of identifiers or runs of letters. It knows no
synonyms. Every step is exact in IEEE arithmetic (sums of few binary digits, square roots, one
correctly rounded sum), so each machine makes the same bytes of the same text.
"""

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from orchestra.shared.errors import Invalid, TooLarge
from orchestra.vectors.index import Kind

MOST_TEXTS = 10_000
_LONGEST_TEXT = 200_000  # characters that are looked at
_LONGEST_WORD = 64
_WORD = re.compile(r"[^\W_]+(?:_+[^\W_]+)*")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\dA-Za-z_]+")
_WHOLE, _PIECE, _PAIR, _RUN = 1.0, 1.0, 0.5, 0.125
_RUNS = (3, 4, 5)  # letters
_COMMON_WEIGHT = 0.125
_COMMON = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "by",
        "do",
        "else",
        "false",
        "for",
        "from",
        "has",
        "have",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "none",
        "not",
        "null",
        "of",
        "on",
        "or",
        "that",
        "the",
        "then",
        "this",
        "to",
        "true",
        "was",
        "when",
        "which",
        "will",
        "with",
        "def",
        "class",
        "self",
        "return",
        "import",
        "function",
        "const",
        "let",
        "var",
        "new",
        "public",
        "private",
        "static",
        "void",
        "int",
        "str",
        "string",
        "bool",
    ]
)


class HashingEmbedder:
    """Signed feature hashing of words, pieces of identifiers, neighbours and runs of letters."""

    def __init__(self, dimension: int = 1024) -> None:
        if not 16 <= dimension <= 4000:
            raise Invalid(
                f"`{dimension}` places cannot be hashed into", hint="use 16 to 4000, such as 1024"
            )
        self.name = f"hashing-1-{dimension}"
        self.dimension = dimension

    async def embed(self, texts: Sequence[str], kind: Kind = "document") -> npt.NDArray[np.float32]:  # noqa: ARG002 - both kinds are read alike
        """One row for each text."""
        if len(texts) > MOST_TEXTS:
            raise TooLarge(f"`{len(texts)}` texts at once", hint=f"send at most {MOST_TEXTS}")
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            row[:] = self._row(text[:_LONGEST_TEXT])
        return rows

    def _row(self, text: str) -> npt.NDArray[np.float64]:
        row = np.zeros(self.dimension)
        for feature, (weight, times) in _features(text).items():
            place, sign = _hashed(feature)
            row[place % self.dimension] += sign * weight * math.sqrt(times)
        length = math.sqrt(math.fsum(x * x for x in row.tolist()))
        return row / length if length else row


def _features(text: str) -> dict[str, tuple[float, int]]:
    """Each feature of a text with its weight, and how often it occurs."""
    words = Counter(word[:_LONGEST_WORD] for word in _WORD.findall(text))
    found: dict[str, tuple[float, int]] = {}
    for word, times in words.items():
        for feature, weight in _of_word(word):
            known = found.get(feature)
            found[feature] = (weight, times + (known[1] if known else 0))
    return found


@lru_cache(maxsize=65_536)
def _of_word(word: str) -> tuple[tuple[str, float], ...]:
    return tuple(_spelled(word))


def _spelled(word: str) -> Iterator[tuple[str, float]]:
    parts = [part.lower() for part in _PART.findall(word)]
    whole = word.lower()
    if len(parts) > 1:
        yield f"w:{whole.replace('_', '')}", _WHOLE
        for first, second in pairwise(parts):
            yield f"p:{first} {second}", _PAIR
    for part in dict.fromkeys(parts):
        common = part in _COMMON or len(part) == 1
        yield f"w:{part}", _COMMON_WEIGHT if common else _PIECE
        if not common:
            edged = f"<{part}>"
            for length in _RUNS:
                for start in range(len(edged) - length + 1):
                    yield f"r:{edged[start : start + length]}", _RUN


@lru_cache(maxsize=262_144)
def _hashed(feature: str) -> tuple[int, float]:
    digest = hashlib.blake2b(feature.encode("utf-8", "replace"), digest_size=8).digest()
    number = int.from_bytes(digest, "little")
    return number >> 1, 1.0 if number & 1 else -1.0
