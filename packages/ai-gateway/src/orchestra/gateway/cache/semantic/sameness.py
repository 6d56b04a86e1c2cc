"""Whether two answers say the same; in doubt they do not."""

import re
from functools import lru_cache
from typing import Any

import msgspec
from orchestra.gateway.cache.semantic.guards import difference
from orchestra.gateway.cache.semantic.reading import read

_ALIKE = 0.9
"""The share of their words that two longer texts must have in common."""
_MOST = 4_000  # characters; longer ones are the same only to the letter
_TELLING = ("number", "identifier", "negation", "opposite")

_any = msgspec.json.Decoder(Any)


def same(a: str, b: str) -> bool:
    """Whether either answer would do for the other: equal, or all but equal in every telling word."""
    if a == b:
        return True
    return max(len(a), len(b)) <= _MOST and _alike(a, b)


@lru_cache(maxsize=1_024)
def _alike(a: str, b: str) -> bool:
    left, right = _plain(a), _plain(b)
    if left == right:
        return True
    if a.lstrip()[:1] in ("{", "["):
        return _same_json(a, b)
    if difference(a, b, guards=_TELLING):
        return False
    words_a, words_b = set(read(a).content), set(read(b).content)
    return len(words_a & words_b) >= _ALIKE * max(1, len(words_a | words_b))


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip(" .\"'`*").casefold()


def _same_json(a: str, b: str) -> bool:
    try:
        return bool(_any.decode(a) == _any.decode(b))
    except (msgspec.DecodeError, RecursionError):
        return False
