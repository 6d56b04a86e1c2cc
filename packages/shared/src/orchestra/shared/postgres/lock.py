"""One process at a time starts, stops or changes an embedded server."""

import fcntl
import os
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from orchestra.shared.errors import Conflict, Unavailable

_pause = threading.Event()  # never set: waiting on it is a pause


def pause(seconds: float) -> None:
    """Let others go on for a moment; what is waited for cannot tell us."""
    _pause.wait(seconds)


@contextmanager
def exclusive(path: Path, *, wait: float) -> Generator[None]:
    """Hold the lock on `path` for the block; the kernel frees it if the process dies.

    Raises:
        Conflict: another process held it for all of `wait` seconds.
        Unavailable: the file cannot be opened.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise Unavailable(
            f"`{path}` cannot be opened: {error.strerror}",
            hint="run as the owner of that folder, or choose another state folder",
        ) from error
    try:
        _acquire(descriptor, path, time.monotonic() + wait)
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, path: Path, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise Conflict(
                    f"another process is starting or stopping the server (`{path}` is locked)",
                    hint="wait for it to end and try again",
                ) from None
            pause(0.02)
        else:
            return
