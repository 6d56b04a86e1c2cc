"""Reads files of a repository that nobody vouches for: plain files inside it, of bounded size."""

import os
import stat
from dataclasses import dataclass

from orchestra.context.index.parsed import LARGEST


@dataclass(frozen=True, slots=True)
class Stamp:
    """What changes when a file does."""

    inode: int
    size: int
    changed: int
    """Nanoseconds."""


class Root:
    """The top folder of a working tree. Nothing is read through a symbolic link."""

    def __init__(self, path: bytes) -> None:
        self._path = path

    def stamp(self, path: bytes) -> Stamp | None:
        """The stamp of a plain file; None for what is none, or is gone."""
        try:
            found = os.lstat(self._path + b"/" + path)
        except (OSError, ValueError):
            return None
        if not stat.S_ISREG(found.st_mode):
            return None
        changed = max(found.st_mtime_ns, found.st_ctime_ns)
        return Stamp(found.st_ino, found.st_size, changed)

    def read(self, path: bytes) -> bytes | None:
        """The content of a plain file of at most 1 MB; None for any other.

        Every folder on the way is opened by itself without following a link, so that one which is
        swapped for a link while this runs leads nowhere.
        """
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        *folders, name = path.split(b"/")
        if not name or any(part in (b"", b".", b"..") for part in (*folders, name)):
            return None
        folder = -1
        try:
            folder = os.open(self._path, flags | os.O_DIRECTORY)
            for part in folders:
                inner = os.open(part, flags | os.O_DIRECTORY, dir_fd=folder)
                os.close(folder)
                folder = inner
            return _content(os.open(name, flags, dir_fd=folder))
        except OSError:
            return None
        finally:
            if folder >= 0:
                os.close(folder)


def _content(descriptor: int) -> bytes | None:
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST:
            return None
        content = file.read(LARGEST + 1)
        return content if len(content) <= LARGEST else None
