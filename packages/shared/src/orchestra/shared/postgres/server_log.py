"""The server's log file: bounded, and read from its end when something went wrong."""

import os
from pathlib import Path

_LARGEST = 8 << 20  # bytes
_KEPT = 1 << 20  # bytes that remain, in a second file, when it has become too large
_OUR_OWN_ASKING = ("is starting up", "is not yet accepting connections")


def open_log(path: Path) -> int:
    """A descriptor to append to the log, for the server to inherit."""
    bound(path)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


def bound(path: Path) -> None:
    """Cut the log when it is too large; its end is kept beside it. The server may be writing."""
    try:
        if path.stat().st_size <= _LARGEST:
            return
        path.with_suffix(".log.1").write_bytes(_end(path, _KEPT))
        path.with_suffix(".log.1").chmod(0o600)
        os.truncate(path, 0)  # the server appends, so it goes on at the new end
    except FileNotFoundError:
        return


def last_lines(path: Path, count: int = 12) -> str:
    """The last lines, for a message to a person."""
    try:
        lines = _end(path, 16 << 10).decode(errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    telling = [line for line in lines if not line.endswith(_OUR_OWN_ASKING)]
    return "\n".join(f"  {line}" for line in telling[-count:])


def _end(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - size))
        return file.read(size)
