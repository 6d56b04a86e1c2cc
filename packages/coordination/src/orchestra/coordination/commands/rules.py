"""The table of commands that change the world (`rules.toml`), and whether a call is one of them."""

import functools
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any

import re2
from orchestra.coordination.commands.word import Word
from pydantic import BaseModel, ConfigDict, Field

_HERE = re.compile(r"^(https?://)?(127\.\d+\.\d+\.\d+|localhost|\[::1\])([:/?#]|$)", re.IGNORECASE)
_ASKS = frozenset({"--help", "-h", "--version", "-V", "-v", "help", "version"})
_ABBREVIATED = 4  # characters from which an option may be the beginning of a longer one


class Outside(BaseModel):
    """A call that reads text which anybody may have written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    programs: tuple[str, ...] = Field(min_length=1)
    words: tuple[str, ...] = ()
    elsewhere: bool = False

    def holds(self, argv: Sequence[Word], options: frozenset[str]) -> bool:
        """Whether the call is such a one; `options` take a value and stand before its words."""
        return _has_words(argv[1:], self.words, options) and not (
            self.elsewhere and _stays_here(argv)
        )


class Rule(Outside):
    """A kind of call that needs a permission."""

    permission: str = Field(pattern=r"^[a-z][a-z0-9-]{0,31}:[a-z][a-z0-9-]{0,31}$")
    unless_words: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    argument: str | None = None
    text: str | None = None
    destructive: bool = False
    egress: bool = False

    @property
    def severity(self) -> tuple[bool, int]:
        """By which of several rules the worst is found."""
        return self.destructive, len(self.words) + bool(self.flags or self.argument or self.text)

    def holds_for(self, argv: Sequence[Word], options: frozenset[str], source: str) -> bool:
        """Whether it holds for a call; `source` is the whole text that the call is part of."""
        rest = argv[1:]
        if not self.holds(argv, options):
            return False
        if self.unless_words and _is_one_of(rest, self.unless_words, options):
            return False
        if self.flags and not any(_is_flag(word, flag) for word in rest for flag in self.flags):
            return False
        if self.argument and not any(w.open or _search(self.argument, w.text) for w in rest):
            return False
        return not self.text or self._in_text(rest, source)

    def _in_text(self, rest: Sequence[Word], source: str) -> bool:
        pattern = str(self.text)
        return any(not w.known or _search(pattern, w.text) for w in rest) or _search(
            pattern, source
        )

    def mentioned(self, words: frozenset[str], source: str) -> bool:
        """Whether a text that is not understood names the program, and all that makes the rule hold."""
        return (
            any(program in words for program in self.programs)
            and all(_mentions(wanted, words) for wanted in self.words)
            and (not self.flags or any(flag.lstrip("-") in words for flag in self.flags))
            and not (self.argument or (self.text and not _search(self.text, source)))
        )


class RuleTable:
    """Rules by program."""

    def __init__(
        self,
        rules: Iterable[Rule],
        outside: Iterable[Outside] = (),
        options: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        self.rules = tuple(rules)
        self._outside = tuple(outside)
        self._options = {name: frozenset(few) for name, few in (options or {}).items()}
        self.programs = frozenset(p for rule in self.rules for p in rule.programs)

    def worst(self, argv: Sequence[Word], source: str) -> Rule | None:
        """The most severe of the rules that hold for a call; None when there is none."""
        if len(argv) == 2 and argv[1].text in _ASKS:
            return None
        holding = [
            rule
            for name, rule in _for(self.rules, argv[0])
            if rule.holds_for(argv, self._options.get(name, frozenset()), source)
        ]
        return max(holding, key=lambda rule: rule.severity, default=None)

    def reads_outside(self, argv: Sequence[Word]) -> bool:
        """Whether the call reads text that anybody may have written."""
        return any(
            one.holds(argv, self._options.get(name, frozenset()))
            for name, one in _for(self._outside, argv[0])
        )

    def mentioned(self, source: str) -> Rule | None:
        """The most severe rule that a text speaks of which is not understood."""
        words = frozenset(re.findall(r"[\w.-]+", source.lower()))
        spoken = [rule for rule in self.rules if rule.mentioned(words, source)]
        return max(spoken, key=lambda rule: rule.severity, default=None)


def program(word: Word) -> str:
    """The name of the program that a word calls: without folders, version and ending."""
    name = word.text.replace("\\", "/").rsplit("/", 1)[-1].lower()
    for ending in (".exe", ".cmd", ".bat"):
        name = name.removesuffix(ending)
    return name.partition("@")[0] or name


def _for(rules: Iterable[Any], word: Word) -> Iterator[tuple[str, Any]]:
    """The rules of the programs that a word may call."""
    named = Word(program(word))
    for rule in rules:
        for name in rule.programs:
            if not named.open and named.may_be(name.lower()):
                yield name, rule
                break


def _has_words(words: Sequence[Word], wanted: Sequence[str], options: frozenset[str]) -> bool:
    """Whether the call's words begin so, with options between them; unknown ones may take a value."""
    places = {0}
    for choices in wanted:
        reached = _past_options(words, places, options)
        if any(words[p].open for p in reached if p < len(words)):
            return True
        places = {p + 1 for p in reached if p < len(words) and _chosen(words[p], choices)}
        if not places:
            return False
    return True


def _past_options(words: Sequence[Word], places: set[int], options: frozenset[str]) -> set[int]:
    reached, pending = set(places), list(places)
    while pending:
        place = pending.pop()
        if place >= len(words) or not words[place].text.startswith("-"):
            continue
        text = words[place].text
        steps = (2,) if text in options else (1,) if "=" in text else (1, 2)
        for further in (place + step for step in steps):
            if further not in reached:
                reached.add(further)
                pending.append(further)
    return reached


def _chosen(word: Word, choices: str) -> bool:
    if word.text.startswith("-"):
        return False
    return any(
        word.may_begin(choice[:-1]) if choice.endswith("*") else word.may_be(choice)
        for choice in choices.split("|")
    )


def _is_one_of(words: Sequence[Word], choices: Sequence[str], options: frozenset[str]) -> bool:
    """Whether the first word is known to be one of these."""
    plain = [words[p] for p in _past_options(words, {0}, options) if p < len(words)]
    plain = [word for word in plain if not word.text.startswith("-")]
    return bool(plain) and all(w.known and _chosen(w, "|".join(choices)) for w in plain)


def _is_flag(word: Word, flag: str) -> bool:
    if word.open:
        return True
    if flag.startswith("--"):
        given = word.text.partition("=")[0]
        short = len(given) >= _ABBREVIATED and given.startswith("--") and flag.startswith(given)
        return short or Word(given).may_be(flag)
    return word.may_be(flag) or (len(flag) == 2 and flag[1] in word.options())


def _mentions(choices: str, words: frozenset[str]) -> bool:
    return choices == "*" or any(
        any(word.startswith(choice[:-1]) for word in words)
        if choice.endswith("*")
        else choice in words
        for choice in choices.split("|")
    )


def _stays_here(argv: Sequence[Word]) -> bool:
    """Whether every address in a call is this machine's."""
    addresses = [w for w in argv[1:] if "://" in w.text or _HERE.match(w.text) or w.open]
    return bool(addresses) and all(w.known and _HERE.match(w.text) for w in addresses)


@functools.lru_cache(maxsize=512)
def _pattern(pattern: str) -> "re2.Pattern":  # ships no types
    return re2.compile(pattern)


def _search(pattern: str, text: str) -> bool:
    return _pattern(pattern).search(text) is not None


@functools.cache
def shipped() -> RuleTable:
    """The table that comes with Orchestra."""
    table = tomllib.loads(files(__package__).joinpath("rules.toml").read_text("utf-8"))
    return RuleTable(
        [Rule.model_validate(row) for row in table["rule"]],
        [Outside.model_validate(row) for row in table["outside"]],
        table["options"],
    )
