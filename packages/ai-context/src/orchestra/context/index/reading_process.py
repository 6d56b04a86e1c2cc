"""A process beside this one that reads files' contents, so that no file can stop this one."""

import os
import signal
import subprocess
import sys
import zlib
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Generic, TypeVar

import orjson
import structlog
from orchestra.context.index.serving import CRASHED, READY
from orchestra.shared.errors import Unavailable
from orchestra.shared.settings import child_environment

_LARGEST_ANSWER = 64 << 20  # bytes

Work = tuple[str, str, bytes]
"""A key, a path and a content."""

Answer = TypeVar("Answer")

_log = structlog.get_logger(__name__)


class ReadingProcess(Generic[Answer]):
    """One process. Use it from one thread; any may stop it."""

    def __init__(
        self,
        program: str,
        nice: int,
        unpack: Callable[[bytes], Answer],
        failed: Callable[[Answer | None], Answer],
    ) -> None:
        """`program` is the module that it runs, `unpack` makes an answer of what that sends.

        `failed` makes one for a content on which its grammar failed, of what was read of it as
        plain text, if that could be read.
        """
        self._unpack, self._failed = unpack, failed
        self.stopped = False
        self._ready = False
        self._process = _begin((sys.executable, "-m", program, str(nice)))
        assert self._process.stdin and self._process.stdout  # noqa: S101, PT018 - they are pipes
        self._asked = Connection(os.dup(self._process.stdin.fileno()), readable=False)
        self._answers = Connection(os.dup(self._process.stdout.fileno()), writable=False)
        self._process.stdin.close()
        self._process.stdout.close()

    def read(self, batch: list[Work]) -> list[tuple[str, Answer]]:
        """What is read of each content.

        Raises:
            Unavailable: the process does not start, or has ended.
        """
        self._wait()
        answers: list[tuple[str, Answer]] = []
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

    def _read_plainly(self, work: Work) -> Answer:
        key, path, content = work
        _log.warning("a grammar failed on a file: it is read as plain text", path=path)
        for _, answer in self._ask([(key, "", content)]):
            return self._failed(answer)
        return self._failed(None)

    def _wait(self) -> None:
        try:
            self._ready = self._ready or self._answers.recv_bytes(len(READY)) == READY
        except (EOFError, OSError):
            raise Unavailable(
                "the process that reads files for the code index does not start",
                hint="see what it says in the log",
            ) from None

    def _ask(self, batch: list[Work]) -> list[tuple[str, Answer]]:
        """The answers up to the content that cannot be read."""
        answers: list[tuple[str, Answer]] = []
        try:
            self._asked.send_bytes(orjson.dumps([_shown(path) for _, path, _ in batch]))
            for _, _, content in batch:
                self._asked.send_bytes(content)
            for key, _, _ in batch:
                data = self._answers.recv_bytes(_LARGEST_ANSWER)
                if data == CRASHED:
                    break
                answers.append((key, self._unpack(data)))
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


def _shown(path: str) -> str:
    """A path as JSON can hold it: only its ending matters."""
    return path.encode("utf-8", "replace").decode()
