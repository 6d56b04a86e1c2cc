"""Cuts a file into chunks of some twenty-five lines, along the borders of what it defines."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from orchestra.context.index.outline import Symbol

_TARGET = 26  # lines
_LARGEST = 40
_ATTACHED = re.compile(r"\s*(#|//|/\*|\*|@|--|\"\"\"|<!--)")
_MOST_ATTACHED = 12


@dataclass(frozen=True, slots=True)
class Chunk:
    """Lines `start` to `end` of a file, counted from 1, both included."""

    start: int
    end: int


def cut(lines: Sequence[str], symbols: Sequence[Symbol]) -> list[Chunk]:
    """Chunks that together hold every line once."""
    borders = _borders(lines, symbols)
    chunks: list[Chunk] = []
    for start, end in zip(borders, [*(b - 1 for b in borders[1:]), len(lines)], strict=True):
        for piece in _split(lines, start, end):
            last = chunks[-1] if chunks else None
            if last and piece.end - last.start < _TARGET and not _major(last, piece, symbols):
                chunks[-1] = Chunk(last.start, piece.end)
            else:
                chunks.append(piece)
    return chunks


def _borders(lines: Sequence[str], symbols: Sequence[Symbol]) -> list[int]:
    """The lines where something begins: definitions with the comments above them, or headings."""
    borders = {1}
    for symbol in symbols:
        start = symbol.start
        least = max(1, start - _MOST_ATTACHED)
        while start > least and _ATTACHED.match(lines[start - 2]):
            start -= 1
        borders.add(start)
        if symbol.end < len(lines) and symbol.end - symbol.start > 8:
            borders.add(symbol.end + 1)
    if not symbols:
        borders.update(n for n, line in enumerate(lines, 1) if line.startswith("#"))
    return sorted(b for b in borders if b <= max(1, len(lines)))


def _split(lines: Sequence[str], start: int, end: int) -> list[Chunk]:
    """One span in pieces, cut at blank lines where there are any."""
    pieces = []
    while end - start + 1 > _LARGEST:
        window = range(start + _TARGET - 1, start + _TARGET // 2, -1)
        at = next((n for n in window if not lines[n - 1].strip()), start + _TARGET - 1)
        pieces.append(Chunk(start, at))
        start = at + 1
    pieces.append(Chunk(start, end))
    return pieces


def _major(last: Chunk, piece: Chunk, symbols: Sequence[Symbol]) -> bool:
    """Whether a large definition begins at the piece: it then begins a chunk of its own."""
    size = last.end - last.start + 1
    return size >= _TARGET // 3 and any(
        piece.start <= s.start <= piece.end and s.end - s.start >= _TARGET // 3 for s in symbols
    )
