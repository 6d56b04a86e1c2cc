"""A word of a shell command, as far as it is known before the command runs."""

from dataclasses import dataclass

ANY = "\ue000"
"""Stands in a word for text that only the shell will know: a variable, what a command prints, `*`."""
ONE = "\ue001"
"""Stands for one character that is not known: `?`, `[a-z]`."""

_PLACEHOLDERS = {ord(ANY): "\ufffd", ord(ONE): "\ufffd"}


def without_placeholders(text: str) -> str:
    """A text from outside, in which nothing passes for `ANY` or `ONE`."""
    return text.translate(_PLACEHOLDERS)


@dataclass(frozen=True, slots=True)
class Word:
    """A word. Where `ANY` or `ONE` is in `text`, anything may come to stand there."""

    text: str

    @property
    def known(self) -> bool:
        """Whether all of it is known."""
        return ANY not in self.text and ONE not in self.text

    @property
    def open(self) -> bool:
        """Whether nothing of it is known: it may be any word, and several of them."""
        return not self.text.strip(ANY) and bool(self.text)

    @property
    def shown(self) -> str:
        """The word for people."""
        return self.text.replace(ANY, "…").replace(ONE, "?")

    def may_be(self, wanted: str) -> bool:
        """Whether it can turn out to be `wanted`."""
        if self.known:
            return self.text == wanted
        return _fits(self.text, wanted)

    def may_begin(self, wanted: str) -> bool:
        """Whether it can turn out to begin with `wanted`."""
        if self.known:
            return self.text.startswith(wanted)
        head = min((self.text + ANY).index(ANY), (self.text + ONE).index(ONE))
        return self.text.startswith(wanted) or wanted.startswith(self.text[:head])

    def options(self) -> frozenset[str]:
        """The letters of `-abc`; none when it is no such group."""
        text = self.text
        if len(text) > 1 and text[0] == "-" and text[1] != "-":
            return frozenset(text[1:].partition("=")[0])
        return frozenset()


def _fits(pattern: str, wanted: str) -> bool:
    """Whether the pattern can be the text; the last `ANY` alone is taken back, so it stays quick."""
    at = position = 0
    star, mark = -1, 0
    while position < len(wanted):
        letter = pattern[at] if at < len(pattern) else ""
        if letter == ANY:
            star, mark = at, position
            at += 1
        elif letter and letter in (ONE, wanted[position]):
            at, position = at + 1, position + 1
        elif star >= 0:
            mark += 1
            at, position = star + 1, mark
        else:
            return False
    return not pattern[at:].strip(ANY)
