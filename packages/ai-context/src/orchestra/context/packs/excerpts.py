"""Chooses which lines of which files go into a pack, and writes them down."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from orchestra.context.index.corpus import Corpus
from orchestra.context.index.outline import Symbol
from orchestra.context.index.ranking import RankedChunk, RankedFile, Ranking
from orchestra.context.index.tokens import count_tokens
from orchestra.context.packs.item import Item
from orchestra.context.packs.wording import fenced, one_line, shown_path, visible

_HEAD = 22  # tokens that a file's heading and fence take
_RANGE = 8  # tokens that the mark of a range takes
_DEAR = 0.6  # how much a chunk's length counts against its likelihood
_OUTLINED = 60  # files
_LINES = 2  # of an outlined file, as long as it is one of the likeliest
_LIKELY = 10  # outlined files
_LONGEST_LINE = 90  # characters


@dataclass(slots=True)
class Chosen:
    """The ranges of one file that were chosen."""

    file: RankedFile
    chunks: list[RankedChunk] = field(default_factory=list)

    def ranges(self) -> list[tuple[int, int]]:
        """The ranges in order, with those that touch made one."""
        merged: list[tuple[int, int]] = []
        for chunk in sorted(self.chunks, key=lambda chunk: chunk.start):
            if merged and chunk.start <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(merged[-1][1], chunk.end))
            else:
                merged.append((chunk.start, chunk.end))
        return merged


def by_worth(ranking: Ranking) -> Ranking:
    """The ranking with its chunks in the order of what they are worth for their tokens."""

    def key(chunk: RankedChunk) -> tuple[float, str, int]:
        worth = chunk.likelihood / max(chunk.tokens + _RANGE, 20) ** _DEAR
        return (-worth, chunk.path, chunk.start)

    return Ranking(ranking.files, sorted(ranking.chunks, key=key))


def choose(worth: Ranking, budget: int) -> list[Chosen]:
    """Of a ranking by worth, the chunks that fit, by file, the likeliest file first."""
    by_path = {file.path: Chosen(file) for file in worth.files}
    left = budget
    for chunk in worth.chunks:
        chosen = by_path[chunk.path]
        cost = chunk.tokens + _RANGE + (0 if chosen.chunks else _HEAD)
        if cost <= left:
            chosen.chunks.append(chunk)
            left -= cost
        if left < _HEAD:
            break
    return [chosen for chosen in by_path.values() if chosen.chunks]


def write_code(chosen: Chosen, text: str, corpus: Corpus) -> Item:
    """The chosen ranges of a file, each under its line numbers and the name of what holds it."""
    lines = text.split("\n")
    parsed = corpus.view.current.get(chosen.file.path)
    symbols = parsed.symbols if parsed else ()
    parts = []
    for start, end in chosen.ranges():
        holder = _holder(symbols, start, end)
        named = f" {holder}" if holder else ""
        parts.append(f"@@ {start}-{end}{named}\n" + "\n".join(lines[start - 1 : end]))
    body = fenced(visible("\n".join(parts)))
    written = f"## {shown_path(chosen.file.path)}\n{body}"
    tokens = count_tokens(written)
    ranges = tuple(chosen.ranges())
    return Item("code", written, tokens, chosen.file.path, ranges, chosen.file.reasons)


def outlined(ranking: Ranking, shown: Collection[str]) -> list[RankedFile]:
    """The files that may be outlined: the likeliest that are not shown."""
    return [f for f in ranking.files if f.path not in shown][: max(_OUTLINED - len(shown), 20)]


def write_outlines(
    files: Sequence[RankedFile],
    texts: Mapping[str, str],
    ranking: Ranking,
    corpus: Corpus,
    budget: int,
) -> list[Item]:
    """For files that are not shown: their path and the lines that fit the task best."""
    best: dict[str, list[RankedChunk]] = {}
    for chunk in ranking.chunks:
        best.setdefault(chunk.path, []).append(chunk)
    items: list[Item] = []
    for file in files:
        parsed = corpus.view.current.get(file.path)
        symbols = parsed.symbols if parsed else ()
        lines = texts.get(file.path, "").split("\n")
        most = _LINES if len(items) < _LIKELY else 1
        numbers = _telling_lines(symbols, best.get(file.path, ()), lines, most)
        written = "\n".join(
            [
                f"- {shown_path(file.path)}",
                *(f"  {n}: {one_line(lines[n - 1], _LONGEST_LINE)}" for n in numbers),
            ]
        )
        tokens = count_tokens(written) + 1
        if tokens > budget:
            break
        budget -= tokens
        ranges = tuple((number, number) for number in numbers)
        items.append(Item("outline", written, tokens, file.path, ranges, file.reasons))
    return items


def _telling_lines(
    symbols: Sequence[Symbol], chunks: Sequence[RankedChunk], lines: Sequence[str], most: int
) -> list[int]:
    """Where the best chunks' definitions begin; else what holds them, else their first line."""
    found = [
        symbol.start
        for chunk in chunks[:2]
        for symbol in symbols
        if chunk.start <= symbol.start <= chunk.end
    ]
    if not found and chunks:
        around = [s.start for s in symbols if s.start <= chunks[0].start and s.end >= chunks[0].end]
        filled = (n for n in range(chunks[0].start, chunks[0].end + 1) if lines[n - 1 : n] != [""])
        found = around[-1:] or [next(filled, chunks[0].start)]
    numbers = list(dict.fromkeys(found))[:most]
    return sorted(number for number in numbers if number <= len(lines))


def _holder(symbols: Sequence[Symbol], start: int, end: int) -> str:
    """The innermost definition that holds the range, or the first one in it."""
    around = [s for s in symbols if s.start <= start and s.end >= end]
    if around:
        return min(around, key=lambda s: s.end - s.start).name
    return next((s.name for s in symbols if start <= s.start <= end), "")
