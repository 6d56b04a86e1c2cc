"""Serves a process that reads files' contents: what crashes on one, crashes there.

The process reads batches from its input until that ends. It lets a fork of itself read; when that dies, the
next one is there at once.
"""

import os
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection

import orjson

READY = b"ready"
CRASHED = b""
"""Instead of an answer: reading that content, and so the rest of the batch, has failed."""

_LONGEST = 20.0  # seconds of processor time for one file; a busy machine does not count

Read = Callable[[str, bytes], bytes]
"""Makes the answer to a path and its content."""


def serve(read: Read, longest: float = _LONGEST) -> None:
    """Answer each content of each batch, in order, with what was read of it."""
    asked, answers = Connection(os.dup(0), writable=False), Connection(os.dup(1), readable=False)
    os.dup2(2, 1)  # so that nothing that is printed is taken for an answer
    answers.send_bytes(READY)
    while True:
        child = os.fork()
        if child == 0:
            _answer(asked, answers, read, longest)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status == 0:
            return
        answers.send_bytes(CRASHED)


def _answer(asked: Connection, answers: Connection, read: Read, longest: float) -> None:
    while True:
        try:
            names = orjson.loads(asked.recv_bytes())
            contents = [asked.recv_bytes() for _ in names]
        except EOFError:
            return
        for name, content in zip(names, contents, strict=True):
            signal.setitimer(signal.ITIMER_PROF, longest)  # nobody handles it, so it ends us
            answer = read(name, content)
            signal.setitimer(signal.ITIMER_PROF, 0)
            answers.send_bytes(answer)
