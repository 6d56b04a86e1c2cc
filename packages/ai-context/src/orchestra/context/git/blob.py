"""Judges a tracked path by the file itself: does git's index hold what is on disk?"""

import hashlib
import os
import stat
from typing import Literal

from orchestra.context.git.conversions import Conversions
from orchestra.context.git.index import EXECUTABLE, REGULAR, SYMLINK

Verdict = Literal[".", "M", "D", "T", "ask"]
_LARGEST = 4 << 20  # beyond it, git reads the file: our process stays small


def judge(path: bytes, found: os.stat_result | None, entry: bytes, rules: Conversions) -> Verdict:
    """The worktree letter of a tracked path, or `ask` where only git can tell.

    `path` is absolute, `found` its lstat, `entry` its line in the index.
    """
    tag, mode, oid, stage = entry.split(b" ", 3)
    if tag != b"H" or stage != b"0" or mode not in (REGULAR, EXECUTABLE, SYMLINK):
        return "ask"
    if oid == _oid(b"", oid):  # perhaps only intended to be added: the listing cannot tell
        return "ask"
    if found is None:
        return "D"
    if stat.S_ISREG(found.st_mode) and mode != SYMLINK:
        return _judge_file(path, found, mode, oid, rules)
    if stat.S_ISLNK(found.st_mode) and mode == SYMLINK:
        target = os.readlink(path)  # noqa: PTH115 - a path of bytes
        return "." if _oid(target, oid) == oid else "M"
    if rules.symlinks and (stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode)):
        return "T"
    return "ask"


def _judge_file(
    path: bytes, found: os.stat_result, mode: bytes, oid: bytes, rules: Conversions
) -> Verdict:
    if found.st_size > _LARGEST:
        return "ask"
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123 - by descriptor
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST or rules.may_change(content):
        return "ask"
    executable = bool(found.st_mode & stat.S_IXUSR)
    if rules.modes and executable != (mode == EXECUTABLE):
        return "M"
    if _oid(content, oid) != oid:
        return "M"
    return "ask" if rules.lines else "."  # git may still see a file that it would rewrite


def _oid(content: bytes, like: bytes) -> bytes:
    """The object id of a blob, by the hash that `like` was made with."""
    blob = b"blob %d\0" % len(content) + content
    digest = hashlib.sha1(blob, usedforsecurity=False) if len(like) == 40 else hashlib.sha256(blob)
    return digest.hexdigest().encode()
