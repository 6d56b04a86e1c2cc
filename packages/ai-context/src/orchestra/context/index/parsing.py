"""Reads files' contents in processes beside this one, so that no file can stop the index."""

import itertools
import os
import signal
import subprocess
import sys
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from multiprocessing.connection import Connection

import orjson
import structlog
from orchestra.context.index.parsed import ParsedFile, unread
from orchestra.context.index.worker import CRASHED, READY
from orchestra.shared.errors import Unavailable
from orchestra.shared.settings import child_environment

PROGRAM = "orchestra.context.index.worker"

_FEW = 200  # files; so many take less than starting a process
_AT_ONCE = 64
_MOST_BYTES = 4_000_000  # of one batch
_KIND = 5  # how far many files give way to whoever serves; more, and a busy machine starves them
_LARGEST_ANSWER = 64 << 20  # bytes

_log = structlog.get_logger(__name__)

Work = tuple[str, str, bytes]
"""A key, a path and a content."""

Progress = Callable[[int, int], None]
"""Told how many of how many are done."""

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

    def warm(self) -> "_Parser":
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

    def _begin(self, nice: int) -> "_Parser":
        if self._stopped:
            raise Unavailable("the code index is being closed", hint="ask again once it runs")
        return _Parser(self._program, nice)


def parse_all(work: Iterable[Work], count: int) -> Iterator[tuple[str, ParsedFile]]:
    """Each key with what was read of its content, in any order, by processes of this call's own."""
    first = list(itertools.islice(work, 1))
    if first:
        with closing(Parsers()) as parsers:
            yield from parsers.parse(itertools.chain(first, work), count)


class _Parser:
    """One process."""

    def __init__(self, program: str, nice: int) -> None:
        self.stopped = False
        self._ready = False
        self._process = _begin((sys.executable, "-m", program, str(nice)))
        assert self._process.stdin and self._process.stdout  # noqa: S101, PT018 - they are pipes
        self._asked = Connection(os.dup(self._process.stdin.fileno()), readable=False)
        self._answers = Connection(os.dup(self._process.stdout.fileno()), writable=False)
        self._process.stdin.close()
        self._process.stdout.close()

    def read(self, batch: list[Work]) -> _Answers:
        """What is read of each content.

        Raises:
            Unavailable: the process does not start, or has ended.
        """
        self._wait()
        answers: _Answers = []
        failed = ""
        while len(answers) < len(batch):
            answers += self._ask(batch[len(answers) :])
            if len(answers) == len(batch):
                break
            culprit = batch[len(answers)]
            if culprit[0] == failed:  # twice: it was no accident
                answers.append((culprit[0], self._read_plainly(culprit)))
            failed = culprit[0]
        return answers

    def stop(self) -> None:
        """End the process; whoever waits for it in another thread is told."""
        self.stopped = True
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """End the process and let go of it."""
        self.stop()
        self._process.wait()
        self._asked.close()
        self._answers.close()

    def _read_plainly(self, work: Work) -> ParsedFile:
        key, path, content = work
        _log.warning("a grammar failed on a file: it is read as plain text", path=path)
        for _, file in self._ask([(key, "", content)]):
            return replace(file, broken=True)
        return replace(unread("it cannot be read"), broken=True)

    def _wait(self) -> None:
        try:
            self._ready = self._ready or self._answers.recv_bytes(len(READY)) == READY
        except (EOFError, OSError):
            raise Unavailable(
                "the process that reads files for the code index does not start",
                hint="see what it says in the log",
            ) from None

    def _ask(self, batch: list[Work]) -> _Answers:
        """The answers up to the content that cannot be read."""
        answers: _Answers = []
        try:
            self._asked.send_bytes(orjson.dumps([_shown(path) for _, path, _ in batch]))
            for _, _, content in batch:
                self._asked.send_bytes(content)
            for key, _, _ in batch:
                data = self._answers.recv_bytes(_LARGEST_ANSWER)
                if data == CRASHED:
                    break
                answers.append((key, ParsedFile.unpack(zlib.decompress(data))))
        except (EOFError, OSError, ValueError, zlib.error):
            self.stop()
            raise Unavailable(
                "the process that reads files for the code index has ended",
                hint="it is started again in some seconds",
            ) from None
        return answers


def _begin(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start a process in a group of its own, so that it ends with its forks and Ctrl-C spares it."""
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=child_environment({"OPENBLAS_NUM_THREADS": "1"}),  # threads do not survive a fork
            process_group=0,
        )
    except OSError as error:
        raise Unavailable(
            f"no process to read files for the code index can be started: {error.strerror}",
            hint="see how many processes this account may have (`ulimit -u`)",
        ) from error


def _finish(waiting: "deque[tuple[_Parser, Future[_Answers]]]", free: deque[_Parser]) -> _Answers:
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


def _shown(path: str) -> str:
    """A path as JSON can hold it: only its ending matters."""
    return path.encode("utf-8", "replace").decode()
