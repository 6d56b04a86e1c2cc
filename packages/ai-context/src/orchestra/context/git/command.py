"""Runs git on a repository that nobody vouches for: bounded in time and size, executing nothing."""

import contextlib
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from orchestra.context.git.names import clean_text
from orchestra.context.git.safety import git_environment
from orchestra.shared.errors import NotFound, TooLarge, Unavailable

_LARGEST_OUTPUT = 256 << 20
_LONGEST = 60.0
_FLAGS = ("--no-pager",)


@dataclass(frozen=True, slots=True)
class Finished:
    """A git process that has ended: its exit code and what it wrote."""

    code: int
    output: bytes
    error: str


class Git:
    """Git in one folder. Blocking: call it from a worker thread.

    `close` ends what still runs, from any thread.
    """

    def __init__(
        self, folder: Path, *, filters: tuple[str, ...] = (), extra: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        self._environment = git_environment(filters, extra)
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._closed = False

    def run(self, *arguments: str | bytes, timeout: float = _LONGEST) -> bytes:
        """What git wrote.

        Raises:
            Unavailable: git is missing, failed, or took too long.
            TooLarge: it wrote more than 256 MiB.
            NotFound: the folder is gone.
        """
        finished = self.attempt(*arguments, timeout=timeout)
        if finished.code != 0:
            raise Unavailable(
                f"`git {_shown(arguments)}` failed in `{self.folder}`: {finished.error}",
                hint=f"run `git -C {self.folder} status`, mend what it says, and it is read again",
            )
        return finished.output

    def attempt(self, *arguments: str | bytes, timeout: float = _LONGEST) -> Finished:
        """Like `run`, for a caller to whom failure is an answer."""
        errors: list[bytes] = []
        expired = threading.Event()
        with self.process(*arguments) as process:

            def stop() -> None:
                expired.set()
                process.kill()

            timer = threading.Timer(timeout, stop)
            reader = threading.Thread(target=_read_errors, args=(process.stderr, errors))
            timer.start()
            reader.start()
            try:
                output = _read(process.stdout, arguments)
                code = process.wait()
            finally:
                timer.cancel()
                process.kill()
                reader.join()
        if expired.is_set():
            raise Unavailable(
                f"`git {_shown(arguments)}` took more than {timeout:.0f} s in `{self.folder}`",
                hint="is its disk slow or on a network? it will be tried again",
            )
        return Finished(code, output, clean_text(b"".join(errors)))

    @contextlib.contextmanager
    def process(self, *arguments: str | bytes) -> Iterator[subprocess.Popen[bytes]]:
        """A running git with its three pipes; killed and reaped at the end of the block."""
        process = self.start(*arguments)
        try:
            yield process
        finally:
            self.end(process)

    def start(self, *arguments: str | bytes) -> subprocess.Popen[bytes]:
        """A running git with its three pipes; `end` it."""
        pipe = subprocess.PIPE
        try:
            with self._lock:
                if self._closed:
                    raise Unavailable("reading the repository has been stopped")
                process = subprocess.Popen(
                    ["git", *_FLAGS, *arguments],
                    cwd=self.folder,
                    env=self._environment,
                    stdin=pipe,
                    stdout=pipe,
                    stderr=pipe,
                )
                self._running.add(process)
        except FileNotFoundError:
            raise self._missing() from None
        except OSError as error:
            raise Unavailable(
                f"git cannot run in `{self.folder}`: {error.strerror}",
                hint="check that the folder may be read and that processes may be started",
            ) from None
        return process

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """Kill the process if it runs, reap it, close its pipes."""
        process.kill()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        process.wait()
        with self._lock:
            self._running.discard(process)

    def close(self) -> None:
        """End every running git and start no other."""
        with self._lock:
            self._closed = True
            for process in self._running:
                process.kill()

    def _missing(self) -> NotFound | Unavailable:
        if not self.folder.is_dir():
            return NotFound(
                f"there is no folder `{self.folder}`", hint="give the path of a git repository"
            )
        return Unavailable(
            "the program `git` was not found", hint="install git, or put it on the PATH"
        )


def _read(pipe: IO[bytes] | None, arguments: tuple[str | bytes, ...]) -> bytes:
    assert pipe is not None  # noqa: S101 - for the type checker
    output = pipe.read(_LARGEST_OUTPUT + 1)
    if len(output) > _LARGEST_OUTPUT:
        raise TooLarge(
            f"`git {_shown(arguments)}` wrote more than {_LARGEST_OUTPUT >> 20} MiB",
            hint="let .gitignore name the folders that hold generated files",
        )
    return output


def _read_errors(pipe: IO[bytes] | None, errors: list[bytes]) -> None:
    """Keep the beginning, and read on so that git never waits for us."""
    while pipe is not None and (chunk := pipe.read(8192)):
        if not errors:
            errors.append(chunk)


def _shown(arguments: tuple[str | bytes, ...]) -> str:
    words = (w if isinstance(w, str) else w.decode("utf-8", "backslashreplace") for w in arguments)
    return clean_text(" ".join(words).encode("utf-8", "backslashreplace"))[:80]
