"""Which paths git ignores, asked from one git process that stays."""

import os
import select
import subprocess
import threading
from collections.abc import Sequence

from orchestra.context.git.command import Git
from orchestra.shared.errors import OrchestraError

_QUESTION = ("check-ignore", "--no-index", "--stdin", "-z", "--verbose", "--non-matching")
_PIPE = 32 << 10  # what may be written before reading, so that neither side waits for the other


class IgnoreRules:
    """Ignore rules as git applies them; safe to ask from several threads.

    The rules are those of the moment of the first question after `reset`.
    """

    def __init__(self, git: Git, *, patience: float = 10.0) -> None:
        self._git = git
        self._patience = patience
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self.tracked: frozenset[bytes] = frozenset({b""})
        """Folders that hold tracked files: wanted even where a rule ignores them."""

    def wanted(self, folders: Sequence[bytes]) -> list[bool]:
        """For each folder, whether a change inside it may matter."""
        asked = [folder for folder in folders if folder not in self.tracked]
        ignored = dict(zip(asked, self.ignored(asked), strict=True))
        return [not ignored.get(folder) for folder in folders]

    def ignored(self, paths: Sequence[bytes]) -> list[bool | None]:
        """For each path, whether a rule ignores it; None where git cannot tell."""
        answers: list[bool | None] = []
        with self._lock:
            for chunk in _chunks(paths):
                answers += self._ask(chunk)
        return answers

    def reset(self, git: Git | None = None) -> None:
        """Forget the rules that were read: a file that holds them has changed."""
        with self._lock:
            self._drop()
            self._git = git or self._git

    close = reset

    def _ask(self, paths: list[bytes]) -> list[bool | None]:
        try:
            if self._process is None:
                self._process = self._git.start(*_QUESTION)
            return _exchange(self._process, paths, self._patience)
        except TimeoutError:  # its rules cannot be read, perhaps one is in a pipe
            self._drop()
            return [None] * len(paths)
        except (OrchestraError, OSError, EOFError):
            self._drop()
        return [None] if len(paths) == 1 else [a for path in paths for a in self._ask([path])]

    def _drop(self) -> None:
        if self._process is not None:
            self._git.end(self._process)
            self._process = None


def _exchange(
    process: subprocess.Popen[bytes], paths: list[bytes], patience: float
) -> list[bool | None]:
    asked, answer = process.stdin, process.stdout
    if asked is None or answer is None:
        raise EOFError
    asked.write(b"".join(b"./" + path + b"\0" for path in paths))  # `./`: a name may begin with `:`
    asked.flush()
    fields = _fields(answer.fileno(), 4 * len(paths), patience)
    return [bool(pattern) and not pattern.startswith(b"!") for pattern in fields[2::4]]


def _fields(descriptor: int, count: int, patience: float) -> list[bytes]:
    """Read NUL-ended fields: source, line, pattern and path for each path asked."""
    received = bytearray()
    missing = count
    waiter = select.poll()
    waiter.register(descriptor, select.POLLIN)
    while missing:
        if not waiter.poll(patience * 1000):
            raise TimeoutError
        piece = os.read(descriptor, 64 << 10)
        if not piece:
            raise EOFError
        missing -= piece.count(b"\0")
        received += piece
    return bytes(received).split(b"\0")[:count]


def _chunks(paths: Sequence[bytes]) -> list[list[bytes]]:
    chunks: list[list[bytes]] = []
    size = _PIPE
    for path in paths:
        if size + len(path) + 3 > _PIPE:
            chunks.append([])
            size = 0
        chunks[-1].append(path)
        size += len(path) + 3
    return chunks
