"""The English that the guards know, as `english.toml` lists it."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

_LISTS = tomllib.loads((Path(__file__).parent / "english.toml").read_text(encoding="utf-8"))


def _words(name: str) -> frozenset[str]:
    return frozenset(str(_LISTS[name]).split())


def _by_word(name: str) -> Mapping[str, str]:
    return {word: form for form, words in _LISTS[name].items() for word in words.split()}


FUNCTION = _words("function")
TELLING = _words("telling")
NEGATIONS = _words("negations")
OPPOSITES = frozenset(frozenset(pair.split("/")) for pair in _words("opposites"))
PREFIXES = _words("prefixes")
DIRECTIONS = _by_word("directions")
NUMBERS: Mapping[str, str] = _LISTS["numbers"]
UNITS = _by_word("units")
OPENINGS = _by_word("openings")
PHRASES: tuple[tuple[str, str], ...] = tuple(_LISTS["phrases"].items())
KINDS_OF_QUESTION: Mapping[str, str] = _LISTS["questions"]
TOLD = "give-me"
"""Asks for what any question asks for: `list the failed tests`, `which tests failed?`"""
