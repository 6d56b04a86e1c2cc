"""Reads files' contents in processes beside this one, so that no file can stop the index."""

import itertools
import os
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

from orchestra.context.index.parsed import ParsedFile, unread
from orchestra.context.index.reading_process import ReadingProcess, Work
from orchestra.shared.errors import Unavailable

PROGRAM = "orchestra.context.index.worker"

_FEW = 200  # files; so many take less than starting a process
_AT_ONCE = 64
_MOST_BYTES = 4_000_000  # of one batch
_KIND = 5  # how far many files give way to whoever serves; more, and a busy machine starves them

Progress = Callable[[int, int], None]
"""Told how many of how many are done."""

_Parser = ReadingProcess[ParsedFile]
_Answers = list[tuple[str, ParsedFile]]


class Parsers:
    """Processes that read: one for the few files that change, some more for many at once.

    Use it from one thread.
    """

    def __init__(self, program: str = PROGRAM) -> None:
        """`program` is the module that the processes run."""
        self._program = program
        self._one: _Parser | None = None
        self._many: list[_Parser] = []
        self._stopped = False

    def warm(self) -> _Parser:
        """Start the process that few files go to, without waiting for it."""
        if self._one is None or self._one.stopped:
            self.close()
            self._one = self._begin(0)
        return self._one

    def parse(self, work: Iterable[Work], count: int) -> Iterator[tuple[str, ParsedFile]]:
        """Each key with what was read of its content, in any order.

        A content on which its grammar fails is read as plain text.

        Raises:
            Unavailable: the processes do not start.
        """
        if count < _FEW:
            for batch in _batches(work):
                yield from self.warm().read(batch)
            return
        yield from self._parse_many(work)

    def stop(self) -> None:
        """Read nothing more, from now on: what is being read fails. Any thread may say so."""
        self._stopped = True
        for parser in [*self._many, *([self._one] if self._one else [])]:
            parser.stop()

    def close(self) -> None:
        """End the process."""
        if self._one is not None:
            self._one.close()
            self._one = None

    def _parse_many(self, work: Iterable[Work]) -> Iterator[tuple[str, ParsedFile]]:
        number = min(8, os.cpu_count() or 2)
        parsers = self._many = [self._begin(_KIND) for _ in range(number)]
        free, waiting = deque(parsers), deque[tuple[_Parser, Future[_Answers]]]()
        with ThreadPoolExecutor(number, thread_name_prefix="orchestra-parse") as pool:
            try:
                for batch in _batches(work):
                    if not free:
                        yield from _finish(waiting, free)
                    parser = free.popleft()
                    waiting.append((parser, pool.submit(parser.read, batch)))
                while waiting:
                    yield from _finish(waiting, free)
            finally:
                for parser in parsers:
                    parser.stop()
        self._many = []
        for parser in parsers:
            parser.close()

    def _begin(self, nice: int) -> _Parser:
        if self._stopped:
            raise Unavailable("the code index is being closed", hint="ask again once it runs")
        return _begun(self._program, nice)


def parse_all(work: Iterable[Work], count: int) -> Iterator[tuple[str, ParsedFile]]:
    """Each key with what was read of its content, in any order, by processes of this call's own."""
    first = list(itertools.islice(work, 1))
    if first:
        with closing(Parsers()) as parsers:
            yield from parsers.parse(itertools.chain(first, work), count)


def _begun(program: str, nice: int) -> _Parser:
    return ReadingProcess(program, nice, _unpack, _broken)


def _unpack(data: bytes) -> ParsedFile:
    return ParsedFile.unpack(zlib.decompress(data))


def _broken(file: ParsedFile | None) -> ParsedFile:
    """What is known of a file whose grammar failed: what was read of it as plain text, if that."""
    return replace(file or unread("it cannot be read"), broken=True)


def _finish(waiting: deque[tuple[_Parser, Future[_Answers]]], free: deque[_Parser]) -> _Answers:
    parser, future = waiting.popleft()
    answers = future.result()
    free.append(parser)
    return answers


def _batches(work: Iterable[Work]) -> Iterator[list[Work]]:
    batch: list[Work] = []
    size = 0
    for one in work:
        batch.append(one)
        size += len(one[2])
        if len(batch) >= _AT_ONCE or size > _MOST_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
