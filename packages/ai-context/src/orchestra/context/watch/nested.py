"""Recognises a repository that lies inside the watched one, and what of it is worth watching."""

import os
import stat

_LONGEST = 4096


def is_repository(folder: bytes) -> bool:
    """Whether a folder is the top of a repository of its own, as git would see it."""
    marker = folder + b"/.git"
    try:
        mode = os.lstat(marker).st_mode
    except OSError:
        return False
    if stat.S_ISREG(mode):
        return git_folder(folder) is not None
    parts = (b"/HEAD", b"/objects", b"/refs")
    return stat.S_ISDIR(mode) and all(os.path.lexists(marker + part) for part in parts)


def git_folder(folder: bytes) -> bytes | None:
    """Where the `.git` file of a submodule or linked worktree points."""
    try:
        descriptor = os.open(folder + b"/.git", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        text = os.read(descriptor, _LONGEST)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    label, _, target = text.partition(b": ")
    target = target.rstrip(b"\r\n")
    if label != b"gitdir" or not target or b"\0" in target:
        return None
    return os.path.normpath(os.path.join(folder, target))  # noqa: PTH118 - paths of bytes
