"""A process that reads files' contents for the index: what crashes on one, crashes here.

`python -m orchestra.context.index.worker NICE` reads batches from its input until that ends. It lets a
fork of itself read; when that dies, the next one is there at once.
"""

import os
import signal
import sys
import zlib
from collections.abc import Callable
from multiprocessing.connection import Connection

import orjson
from orchestra.context.index.languages import Language, language_of
from orchestra.context.index.parsed import ParsedFile, parse
from orchestra.context.index.tokens import count_tokens

READY = b"ready"
CRASHED = b""
"""Instead of an answer: reading that content, and so the rest of the batch, has failed."""

_LONGEST = 20.0  # seconds of processor time for one file; a busy machine does not count

Read = Callable[[bytes, Language | None], ParsedFile]


def serve(read: Read, longest: float = _LONGEST) -> None:
    """Answer each content of each batch, in order, with what was read of it."""
    asked, answers = Connection(os.dup(0), writable=False), Connection(os.dup(1), readable=False)
    os.dup2(2, 1)  # so that nothing that is printed is taken for an answer
    count_tokens("")
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
            file = read(content, language_of(name))
            signal.setitimer(signal.ITIMER_PROF, 0)
            answers.send_bytes(zlib.compress(file.pack(), 1))


if __name__ == "__main__":
    os.nice(int(sys.argv[1]))
    serve(parse)
