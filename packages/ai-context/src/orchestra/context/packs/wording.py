"""Writes text of others so that it stays what it is: data that ends where we say."""

import re
import unicodedata

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
_KEPT = {"\n", "\t"}
_TICKS = re.compile(r"`{3,}")


def shown_path(path: str) -> str:
    """A path on one line, without characters that do not show."""
    if path.isascii() and path.isprintable():
        return path[:400]
    return "".join(c if unicodedata.category(c) not in _HIDDEN else "?" for c in path)[:400]


def visible(text: str) -> str:
    """A text without characters that are not seen: tags, direction marks, zero widths."""
    unseen = {c for c in set(text) - _KEPT if unicodedata.category(c) in _HIDDEN}
    return text.translate(dict.fromkeys(map(ord, unseen))) if unseen else text


def fenced(text: str) -> str:
    """A text in a fence of more ticks than any that it holds, so that it cannot close it."""
    longest = max((len(ticks) for ticks in _TICKS.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}\n{text}\n{fence}"


def one_line(text: str, most: int) -> str:
    """A text of others on one line, cut."""
    line = " ".join(visible(text).split()).replace("`", "'")
    return line if len(line) <= most else line[: most - 1] + "…"
