"""Answers where a symbol is defined and used, with the lines, of which nothing secret leaves."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from orchestra.context.index.code_index import CodeIndex
from orchestra.context.index.occurrences import Use
from orchestra.context.index.references import Reference, Resolved
from orchestra.context.packs.redacting import Redact, redacted_path
from orchestra.context.packs.wording import one_line

MOST_REFERENCES = 500
HOW = (
    "resolved by name and imports, without types: aliases and dynamic access are not followed, and"
    " `name` alone may be another symbol of that name"
)
_LONGEST = 160  # characters of a line


@dataclass(frozen=True, slots=True)
class Cited:
    """A line that uses a symbol's name: as what, why it is thought to mean it, and in which one."""

    path: str
    line: int
    text: str
    use: Use
    resolved: Resolved
    inside: str


@dataclass(frozen=True, slots=True)
class Lookup:
    """The lines, definitions first; `total` is how many were found, shown or not."""

    symbol: str
    found: tuple[Cited, ...]
    total: int
    revision: str | None
    notes: tuple[str, ...]


async def look_up(
    index: CodeIndex, symbol: str, redact: Redact, *, limit: int, under: str, notes: Sequence[str]
) -> Lookup:
    """Where a symbol is defined and used; `under` is the beginning of the paths.

    Raises:
        Invalid: it is not the name of a symbol.
        Unavailable: the index is still being built, or too many ask.
    """
    corpus = await index.corpus()
    found = await index.references.find(corpus, symbol, under)
    places = found.places[:limit]
    cited = await asyncio.to_thread(_cite, index, places, redact)
    remarks = [HOW, *notes]
    if found.left_out:
        remarks.append(f"{found.left_out:,} more files hold the name and were not looked at")
    return Lookup(redact(found.symbol), cited, len(found.places), index.commit, tuple(remarks))


def _cite(index: CodeIndex, places: Sequence[Reference], redact: Redact) -> tuple[Cited, ...]:
    texts = index.read(list(dict.fromkeys(place.path for place in places)))
    lines = {path: _lines(text, redact) for path, text in texts.items()}
    return tuple(
        Cited(
            redacted_path(place.path, redact),
            place.line,
            "".join(one_line(line, _LONGEST) for line in lines[place.path][place.line - 1 :][:1]),
            place.use,
            place.resolved,
            redact(place.inside),
        )
        for place in places
        if place.path in lines
    )


def _lines(text: str, redact: Redact) -> list[str]:
    """The lines of a text without secrets; none where that has moved them."""
    clean = redact(text)
    moved = clean.count("\n") != text.count("\n")
    return [] if moved else clean.split("\n")
