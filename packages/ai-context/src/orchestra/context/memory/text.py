"""The text of a note: made harmless, cut into words, and told from others that say the same."""

import hashlib
import re
import unicodedata
from collections.abc import Iterator

_HIDDEN = ("Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp")  # controls, bidi marks, tags, line separators
_BLANK = re.compile(r"\n{3,}")
_WORD = re.compile(r"[^\W_]+(?:_+[^\W_]+)*")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\dA-Za-z_]+")
_LONGEST = 64  # characters of a word
_OPENING, _CLOSING = "\"'`*([{“‘", "\"'`*)]}”’.,;:!?…"
_ARTICLES = frozenset({"a", "an", "the"})


def clean(text: str) -> str:
    """`text` without what moves a cursor, hides or reorders; its lines and indents stay."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ").split("\n")
    kept = (
        "".join(c for c in line if c.isprintable() or unicodedata.category(c) not in _HIDDEN)
        for line in lines
    )
    return _BLANK.sub("\n\n", "\n".join(line.rstrip() for line in kept)).strip()


def words(text: str) -> Iterator[str]:
    """The words of a text, lower case: each identifier, and its parts where it is compound."""
    for match in _WORD.finditer(text):
        word = match.group()[:_LONGEST]
        parts = [part.lower() for part in _PART.findall(word)]
        yield word.lower().replace("_", "")
        if len(parts) > 1:
            yield from parts


def fingerprint(text: str) -> str:
    """The same for texts that differ in case, spacing, articles and outer punctuation alone.

    Numbers, negations, order and operators count: `< 5` is not `> 5`.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    bare = (token.lstrip(_OPENING).rstrip(_CLOSING) for token in plain.split())
    said = " ".join(token for token in bare if token and token not in _ARTICLES)
    return hashlib.sha256((said or text).encode()).hexdigest()


def likeness(one: str, other: str) -> float:
    """How many of the words of two texts they share, from 0 to 1."""
    first, second = set(words(one)), set(words(other))
    return len(first & second) / len(first | second) if first | second else 0.0
