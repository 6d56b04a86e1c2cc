"""Tells where a symbol is defined and where its name is used, of the repository as it is on disk."""

import asyncio
import re
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import orjson
from orchestra.context.index.corpus import Corpus
from orchestra.context.index.occurrences import Occurrence, Use
from orchestra.context.index.outline import Symbol
from orchestra.context.index.reading_process import ReadingProcess, Work
from orchestra.context.index.words import named_numbers
from orchestra.shared.errors import Invalid, Unavailable

PROGRAM = "orchestra.context.index.usage_worker"
MOST_FILES = 1_000
"""Files that hold the name and are looked at: those that define or import it come first."""

_AT_ONCE = 50  # files
_PATIENCE = 4.0  # seconds until no more files are looked at
_MOST_WAITING = 8  # questions
_IDLE = 120.0  # seconds without a question until the process ends
_LONGEST = 200  # characters of a symbol
_SYMBOL = re.compile(r"[^\W\d][\w$]*(?:(?:\.|::|#|->)[^\W\d][\w$]*)*[?!]?(?:\(\))?")
_JOINT = re.compile(r"\.|::|#|->")

Resolved = Literal["definition", "file", "import", "name"]
"""Why a place is thought to mean the symbol: it is its definition; its file defines it, or imports
a file that does; or nothing but the name speaks for it."""

_ORDER: dict[Resolved, int] = {"definition": 0, "file": 1, "import": 2, "name": 3}


class Texts(Protocol):
    """Where files are read."""

    def read(self, paths: Sequence[str]) -> Mapping[str, str]:
        """The texts of these paths; one that may not be read is left out."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One line that uses the name, what it uses it as, and the definition that the line is in."""

    path: str
    line: int
    use: Use
    resolved: Resolved
    inside: str


@dataclass(frozen=True, slots=True)
class References:
    """Definitions first, then what is likeliest to mean them."""

    symbol: str
    places: tuple[Reference, ...]
    left_out: int
    """Files that hold the name and were not looked at."""


class Finder:
    """Looks names up, one question at a time, in a process of its own: a file may crash it."""

    def __init__(self, source: Texts, program: str = PROGRAM) -> None:
        """`program` is the module that the process runs."""
        self._source = source
        self._program = program
        self._process: ReadingProcess[list[Occurrence]] | None = None
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="orchestra-references")
        self._waiting = 0
        self._end: asyncio.TimerHandle | None = None

    async def find(self, corpus: Corpus, symbol: str, under: str = "") -> References:
        """The places of a symbol, in files whose path begins with `under`.

        Raises:
            Invalid: it is not the name of a symbol.
            Unavailable: too many others ask, or the process does not start.
        """
        parts = read_symbol(symbol)
        if self._waiting >= _MOST_WAITING:
            raise Unavailable("too many references are sought now", hint="ask again in a moment")
        self._waiting += 1
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._worker, self._find, corpus, parts, under)
        finally:
            self._waiting -= 1
            if self._end is not None:
                self._end.cancel()
            self._end = loop.call_later(_IDLE, self._worker.submit, self._close)

    async def close(self) -> None:
        """End the process."""
        if self._end is not None:
            self._end.cancel()
        if self._process is not None:
            self._process.stop()
        await asyncio.get_running_loop().run_in_executor(self._worker, self._close)
        self._worker.shutdown(wait=False)

    def _find(self, corpus: Corpus, parts: Sequence[str], under: str) -> References:
        name = parts[-1]
        definitions = _definitions(corpus, parts)
        holding = files_holding(corpus, name)
        importing = _importing(corpus, definitions)
        wanted = [n for n in holding if corpus.view.files[n][0].startswith(under)]
        wanted.sort(key=lambda n: (n not in definitions, n not in importing))
        places: list[Reference] = []
        looked = 0
        deadline = time.monotonic() + _PATIENCE
        for first in range(0, min(len(wanted), MOST_FILES), _AT_ONCE):
            if time.monotonic() > deadline:
                break
            some = wanted[first : min(first + _AT_ONCE, MOST_FILES)]
            paths = {corpus.view.files[n][0]: n for n in some}
            for path, found in self._ask(name, list(paths)):
                number = paths[path]
                symbols = corpus.view.files[number][1].symbols
                linked: Resolved = "import" if number in importing else "name"
                linked = "file" if number in definitions else linked
                places += _places(path, found, symbols, parts, linked)
            looked += len(some)
        places.sort(key=lambda p: (_ORDER[p.resolved], p.path, p.line))
        return References(".".join(parts), tuple(places), len(wanted) - looked)

    def _ask(self, name: str, paths: Sequence[str]) -> Iterator[tuple[str, list[Occurrence]]]:
        texts = self._source.read(paths)
        word, head = name.encode(), name.encode() + b"\n"
        contents = {path: text.encode("utf-8", "replace") for path, text in texts.items()}
        work: list[Work] = [(p, p, head + c) for p, c in contents.items() if word in c]
        if not work:
            return iter(())
        if self._process is None or self._process.stopped:
            self._close()
            self._process = ReadingProcess(self._program, 0, _unpack, lambda found: found or [])
        return iter(self._process.read(work))

    def _close(self) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None


def read_symbol(text: str) -> list[str]:
    """The parts of a symbol's name, such as `Door.open`; the last is what is looked for.

    Raises:
        Invalid: it is none.
    """
    text = text.strip()
    if len(text) > _LONGEST or not _SYMBOL.fullmatch(text):
        raise Invalid(
            f"`{text[:80]}` is not the name of a symbol",
            hint="give one as the code writes it, such as `Door.open`, or search for words",
        )
    return _JOINT.split(text.removesuffix("()"))


def files_holding(corpus: Corpus, name: str) -> list[int]:
    """The files of the present state that may hold a name; all that do are among them."""
    view = corpus.view
    held: set[int] | None = None
    for number in named_numbers(name):
        chunks = view.body.holding(number)
        files = set(np.unique(view.chunk_files[chunks]).tolist())
        held = files if held is None else held & files
    return sorted(n for n in held or () if view.alive[n])


def _definitions(corpus: Corpus, parts: Sequence[str]) -> set[int]:
    """The files that define the symbol."""
    files = corpus.view.files
    return {
        n
        for n in files_holding(corpus, parts[-1])
        if any(_meant(symbol, parts) for symbol in files[n][1].symbols)
    }


def _meant(symbol: Symbol, parts: Sequence[str]) -> bool:
    return symbol.name.split(".")[-len(parts) :] == list(parts)


def _importing(corpus: Corpus, definitions: Collection[int]) -> set[int]:
    """The files that import one of those that define the symbol."""
    if not definitions:
        return set()
    links = corpus.links
    return set(links.importers[np.isin(links.imported, list(definitions))].tolist())


def _places(
    path: str,
    found: Sequence[Occurrence],
    symbols: Sequence[Symbol],
    parts: Sequence[str],
    linked: Resolved,
) -> Iterator[Reference]:
    for one in found:
        around = [s for s in symbols if s.start <= one.line <= s.end]
        inside = min(around, key=lambda s: s.end - s.start).name if around else ""
        if one.use == "definition":
            meant = len(parts) == 1 or any(_meant(symbol, parts) for symbol in around)
            yield Reference(path, one.line, one.use, "definition" if meant else "name", inside)
        else:
            yield Reference(path, one.line, one.use, linked, inside)


def _unpack(data: bytes) -> list[Occurrence]:
    return [Occurrence(line, use) for line, use in orjson.loads(data)]
