"""Cuts text and code into the words that are searched for, each as a 32-bit number."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from zlib import crc32

_IDENTIFIER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*|[0-9]+|[^\W\d_]+", re.UNICODE)
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_a-zA-Z]+")
_LONGEST = 64
_STOP = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "been",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "for",
        "from",
        "had",
        "has",
        "have",
        "how",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "may",
        "more",
        "most",
        "no",
        "not",
        "of",
        "on",
        "only",
        "or",
        "other",
        "our",
        "should",
        "so",
        "some",
        "such",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "to",
        "too",
        "up",
        "use",
        "used",
        "uses",
        "using",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "will",
        "with",
        "would",
        "you",
        "your",
        "also",
        "now",
        "just",
        "like",
        "get",
        "set",
        "new",
        "add",
        "added",
        "adds",
        "adding",
        "fix",
        "fixed",
        "fixes",
        "fixing",
        "feat",
        "chore",
        "refactor",
        "update",
        "updated",
        "updates",
        "make",
        "makes",
        "made",
        "allow",
        "allows",
        "change",
        "changed",
        "changes",
        "pr",
        "via",
        "instead",
    ]
)


def words(text: str) -> Iterator[str]:
    """The words of a text, lower case: each identifier, and its parts where it is compound."""
    for match in _IDENTIFIER.finditer(text):
        yield from _parts(match.group())


def query_words(text: str) -> list[str]:
    """The words of a question, each once, without those that say nothing."""
    return [word for word in dict.fromkeys(words(text)) if word not in _STOP and len(word) > 1]


def identifiers(text: str) -> list[str]:
    """Names in a question that look like names in code: compound, or quoted as code."""
    compound = re.findall(r"\b[A-Za-z_$][A-Za-z0-9_$]*\b", text)
    quoted = set(re.findall(r"`([A-Za-z_$][A-Za-z0-9_$]*)", text))
    return [w for w in dict.fromkeys(compound) if w in quoted or len(_parts(w)) > 1]


def number(word: str) -> int:
    """The number that stands for a word; two words share one once in 4 billion."""
    return crc32(word.encode())


def numbers(some: Iterable[str]) -> list[int]:
    """The numbers of words."""
    return [number(word) for word in some]


def named_numbers(name: str) -> list[int]:
    """The numbers of words which every text has that holds a name: mostly one, its own."""
    return [word_numbers(part)[0] for part in _IDENTIFIER.findall(name) if word_numbers(part)]


@lru_cache(1 << 16)
def word_numbers(identifier: str) -> tuple[int, ...]:
    """The numbers of an identifier and its parts."""
    return tuple(number(word) for word in _parts(identifier))


def number_text(text: str) -> list[int]:
    """The numbers of all words of a text, in order."""
    out: list[int] = []
    for identifier in _IDENTIFIER.findall(text):
        out += word_numbers(identifier)
    return out


def _parts(identifier: str) -> list[str]:
    whole = identifier.strip("_$")[:_LONGEST]
    parts = [stem(part) for part in _PART.findall(whole)]
    if len(parts) == 1:
        return parts
    return [whole.lower(), *parts]


def stem(word: str) -> str:
    """A word without its plural `s` and common endings: light, so that code names stay apart."""
    word = word.lower()
    if len(word) < 4 or not word.isascii():
        return word
    word = _singular(word)
    for ending, least in (("ing", 6), ("ed", 5)):
        if len(word) >= least and word.endswith(ending):
            root = word[: -len(ending)]
            if len(root) > 3 and root[-1] == root[-2] and root[-1] not in "lsz":
                root = root[:-1]
            return root[:-1] + "y" if root.endswith("i") else root
    return word[:-1] if len(word) > 4 and word.endswith("e") else word


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    return word[:-2] if word.endswith(("sses", "xes", "ches", "shes")) else word[:-1]
