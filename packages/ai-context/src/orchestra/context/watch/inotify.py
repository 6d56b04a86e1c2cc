"""Linux's inotify, called directly: watches, events, and how many bytes of them wait."""

import ctypes
import fcntl
import os
import struct
import sys
from dataclasses import dataclass
from enum import IntFlag

_HEAD = struct.Struct("iIII")
_BUFFER = 256 << 10
_FIONREAD = 0x541B


class Mask(IntFlag):
    """What a watch tells, from `<sys/inotify.h>`."""

    ATTRIB = 0x004
    CLOSE_WRITE = 0x008
    MOVED_FROM = 0x040
    MOVED_TO = 0x080
    CREATE = 0x100
    DELETE = 0x200
    DELETE_SELF = 0x400
    MOVE_SELF = 0x800
    UNMOUNT = 0x2000
    OVERFLOW = 0x4000
    IGNORED = 0x8000
    ONLYDIR = 0x1000000
    DONT_FOLLOW = 0x2000000
    EXCL_UNLINK = 0x4000000
    ISDIR = 0x40000000


_WATCHED = int(
    Mask.CLOSE_WRITE
    | Mask.MOVED_FROM
    | Mask.MOVED_TO
    | Mask.CREATE
    | Mask.DELETE
    | Mask.ATTRIB
    | Mask.ONLYDIR
    | Mask.DONT_FOLLOW
    | Mask.EXCL_UNLINK
)


@dataclass(frozen=True, slots=True)
class Event:
    """One event: the watch it came from, what happened, and to which name in that folder."""

    watch: int
    mask: int
    name: bytes


class Inotify:
    """One inotify instance. Every method may raise OSError."""

    def __init__(self) -> None:
        if sys.platform != "linux":
            raise OSError("inotify is part of Linux")
        self._libc = ctypes.CDLL(None, use_errno=True)
        self.descriptor = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self.descriptor < 0:
            raise _last_error()

    def add(self, folder: bytes, *, self_too: bool = False) -> int:
        """Watch a folder; a folder that is watched already gives the same number again."""
        mask = _WATCHED | (Mask.DELETE_SELF | Mask.MOVE_SELF if self_too else 0)
        watch: int = self._libc.inotify_add_watch(self.descriptor, folder, mask)
        if watch < 0:
            raise _last_error()
        return watch

    def remove(self, watch: int) -> None:
        """End a watch; one that has ended by itself is no error."""
        self._libc.inotify_rm_watch(self.descriptor, watch)

    def waiting(self) -> int:
        """How many bytes of events wait to be read."""
        return int.from_bytes(fcntl.ioctl(self.descriptor, _FIONREAD, b"\0\0\0\0"), sys.byteorder)

    def read(self) -> tuple[int, list[Event]]:
        """Events that wait, at most 256 KiB of them, and how many bytes they took."""
        try:
            data = os.read(self.descriptor, _BUFFER)
        except BlockingIOError:
            return 0, []
        events, offset = [], 0
        while offset < len(data):
            watch, mask, _, length = _HEAD.unpack_from(data, offset)
            offset += _HEAD.size
            events.append(Event(watch, mask, data[offset : offset + length].rstrip(b"\0")))
            offset += length
        return len(data), events

    def close(self) -> None:
        """End all watches."""
        os.close(self.descriptor)


def _last_error() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))
