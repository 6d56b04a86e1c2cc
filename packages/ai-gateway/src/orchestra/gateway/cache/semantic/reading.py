"""A prompt as the guards see it: its literals, its words that carry content, and their parts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from orchestra.gateway.cache.semantic.vocabulary import (
    DIRECTIONS,
    FUNCTION,
    KINDS_OF_QUESTION,
    NEGATIONS,
    NUMBERS,
    OPENINGS,
    PHRASES,
    TOLD,
    UNITS,
)

_FENCED = re.compile(r"```.*?```|`[^`\n]+`|\"[^\"\n]{1,200}\"", re.DOTALL)
_CHUNK = re.compile(r"\x00\d+\x00|\S+")
_EDGES = "\"'“”‘’.,;:!?()[]{}…"
_ADDRESS = re.compile(r"[/\\_@~#$=<>|&^*]|::|\w\.\w|^-{1,2}\w|\w\(")
_AMOUNT = re.compile(r"([-+$€£]?\d[\d.,:]*)([a-z%]*)\Z")
_TURNED = re.compile(r"n['’]t\b")
_SHORTENED = re.compile(r"['’](?:s|re|ve|ll|d|m)\b")
_SENTENCE_END = (".", "!", "?", ":")


@dataclass(frozen=True, slots=True)
class Reading:
    """All that two prompts are compared by."""

    words: tuple[str, ...]
    """Every word in its plain form, literals too, in order."""
    content: tuple[str, ...]
    """Those that are not function words."""
    numbers: tuple[str, ...]
    literals: tuple[str, ...]
    """Identifiers, paths, versions, code and quotations, in order."""
    names: frozenset[str]
    """Words with a capital inside a sentence."""
    plurals: frozenset[str]
    """Words that stood in the plural, in their plain form; or verbs with an `s`."""
    negations: int
    question: frozenset[str]
    parts: frozenset[tuple[str, str]]
    """Each word of content that follows a direction, with it: (`develop`, `from`)."""


@lru_cache(maxsize=256)
def read(text: str) -> Reading:
    """A prompt, read."""
    text = text.replace("\x00", " ")  # it is our own mark below
    if sum(map(str.isupper, text)) > 0.7 * max(1, sum(map(str.isalpha, text))):
        text = text.lower()  # shouting says nothing about names
    quoted: list[str] = []

    def put_away(found: re.Match[str]) -> str:
        quoted.append(found.group())
        return f" \x00{len(quoted) - 1}\x00 "

    plain = _FENCED.sub(put_away, text)
    return _Reader(quoted).read(_TURNED.sub(" not", plain))


class _Reader:
    def __init__(self, quoted: list[str]) -> None:
        self._quoted = quoted
        self._words: list[str] = []
        self._numbers: list[str] = []
        self._literals: list[str] = []
        self._names: set[str] = set()
        self._plurals: set[str] = set()
        self._first = True

    def read(self, text: str) -> Reading:
        for match in _CHUNK.finditer(text):
            chunk = match.group()
            self._chunk(chunk)
            self._first = chunk.rstrip("\"'”)").endswith(_SENTENCE_END)
        words = _joined(self._words)
        content = _content(words)
        return Reading(
            tuple(words),
            tuple(content),
            tuple(self._numbers),
            tuple(self._literals),
            frozenset(self._names),
            frozenset(self._plurals),
            sum(word in NEGATIONS or word == "non" for word in words),
            _question(words),
            frozenset(_parts(words)),
        )

    def _chunk(self, chunk: str) -> None:
        if chunk.startswith("\x00"):
            self._literal(" ".join(self._quoted[int(chunk.strip("\x00"))].strip('`"').split()))
            return
        bare = _SHORTENED.sub("", chunk.strip(_EDGES))
        if not bare:
            return
        if not any(map(str.isalnum, bare)):
            if _ADDRESS.search(bare) or bare in ("+", "-", "%"):
                self._literal(bare)
        elif any(map(str.isdigit, bare)):
            self._digits(bare)
        elif _ADDRESS.search(bare) or _is_coined(bare) or self._is_label(bare):
            self._literal(bare.lower())
        else:
            self._plain(bare)

    def _plain(self, bare: str) -> None:
        named = bare[0].isupper() and not self._first and bare != "I"
        for piece in re.split(r"[-–—'’]", bare.lower()):
            if not piece:
                continue
            if piece in NUMBERS:
                self._number(NUMBERS[piece])
            elif self._is_unit(piece):
                self._numbers[-1] += " " + UNITS[piece]
            else:
                self._words.append(plain_form(piece))
                if piece.endswith("s") and self._words[-1] != piece:
                    self._plurals.add(self._words[-1])
                if named:
                    self._names.add(self._words[-1])

    def _digits(self, bare: str) -> None:
        amount = _AMOUNT.match(bare.lower())
        if amount is None:
            self._literal(bare.lower())
            return
        number, unit = amount.groups()
        number = number.rstrip(".,:")
        self._number(number + (" " + UNITS.get(unit, unit) if unit else ""))

    def _is_unit(self, word: str) -> bool:
        return word in UNITS and bool(self._words) and self._words[-1].startswith("#")

    def _number(self, number: str) -> None:
        self._numbers.append(number)
        self._words.append("#" + number.replace(" ", "_"))

    def _literal(self, literal: str) -> None:
        self._literals.append(literal)
        self._words.append("@" + literal.replace(" ", "_"))

    def _is_label(self, word: str) -> bool:
        """A letter that names something: `server A`."""
        return len(word) == 1 and word.isupper() and word != "I" and not self._first


def _is_coined(word: str) -> bool:
    """camelCase, or an abbreviation in capitals."""
    return len(word) > 1 and any(map(str.isupper, word[1:]))


def _joined(words: list[str]) -> list[str]:
    text = f" {' '.join(words)} "
    phrases, openings = _plain_lists()
    for phrase, one in phrases:
        text = text.replace(f" {phrase} ", f" {one} ")
    found = text.split()
    for place, word in enumerate(found):
        if word not in FUNCTION:
            found[place] = openings.get(word, word)
            break
    return found


@lru_cache(maxsize=1)
def _plain_lists() -> tuple[list[tuple[str, str]], dict[str, str]]:
    phrases = [(" ".join(map(plain_form, long.split())), plain_form(one)) for long, one in PHRASES]
    return phrases, {plain_form(verb): form for verb, form in OPENINGS.items()}


def _content(words: list[str]) -> Iterator[str]:
    return (
        word for word in words if word not in FUNCTION and word not in NEGATIONS and word != TOLD
    )


def _question(words: list[str]) -> frozenset[str]:
    found = set()
    for place, word in enumerate(words):
        pair = f"{word} {words[place + 1]}" if place + 1 < len(words) else word
        kind = KINDS_OF_QUESTION.get(pair) or KINDS_OF_QUESTION.get(word)
        if kind:
            found.add(kind)
    return frozenset(found)


def _parts(words: list[str]) -> Iterator[tuple[str, str]]:
    direction = ""
    for word in words:
        if word in DIRECTIONS:
            direction = DIRECTIONS[word]
        elif word in ("and", "or", "the", "a", "an", "my", "your", "our", "its"):
            continue
        elif word in FUNCTION or word in NEGATIONS:
            direction = ""
        elif direction:
            yield word, direction


@lru_cache(maxsize=32_768)
def plain_form(word: str) -> str:
    """A word without its ending for number and tense; never without what changes its sense."""
    if len(word) < 4 or word in FUNCTION or word in NEGATIONS:
        return word
    for ending, form in (
        ("ies", "y"),
        ("sses", "ss"),
        ("ches", "ch"),
        ("shes", "sh"),
        ("xes", "x"),
    ):
        if word.endswith(ending):
            return word[: -len(ending)] + form
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return plain_form(word[:-1]) if word.endswith(("ings", "eds")) else word[:-1].rstrip("e")
    for ending in ("ing", "ed"):
        stem = word[: -len(ending)]
        if word.endswith(ending) and len(stem) > 2 and any(vowel in stem for vowel in "aeiouy"):
            return _single(stem)
    return word.rstrip("e")


def _single(stem: str) -> str:
    """`stopp` as `stop`, but `pass` as it is."""
    if stem[-1] == stem[-2] and stem[-1] not in "lsz":
        return stem[:-1]
    return stem[:-1] + "y" if stem.endswith("i") else stem.rstrip("e")
