"""One process at a time, and how others find it: a locked file that holds its number.

The lock goes with the process, however it ends, so a number is never mistaken for that of a
stranger who got it afterwards.
"""

import fcntl
import os
from pathlib import Path

from orchestra.shared.errors import Conflict


def claim(path: Path, what: str) -> None:
    """Be the one process that `path` stands for, until this process has ended.

    Raises:
        Conflict: another process is it.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise Conflict(
            f"{what} runs already for `{path.parent}` (process {_number(path) or '?'})",
            hint="`orchestra down` stops it; --state-dir starts another system beside it",
        ) from None
    # The descriptor is left open on purpose: the kernel closes it when the process has ended.
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)


def presence(path: Path) -> int | None:
    """The number of the process that `path` stands for, or None when there is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _number(path)
    else:
        return None
    finally:
        os.close(descriptor)


def _number(path: Path) -> int | None:
    text = path.read_text().strip()
    return int(text) if text.isdecimal() else None
