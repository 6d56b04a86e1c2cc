"""Reads and writes files of a repository: plain ones only, all of them or none."""

import contextlib
import fcntl
import os
import secrets
import stat
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from orchestra.shared.errors import Conflict, Invalid, NotFound

_LARGEST = 1024 * 1024  # bytes of a file that is edited
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Edit:
    """One file as it was and as it is to be; None where there is none."""

    path: str
    before: str | None
    after: str | None
    executable: bool = False
    mode_only: bool = False
    """The text is right, and only the permission to run it is lacking."""


class Tree:
    """The work tree of a repository."""

    def __init__(self, root: Path) -> None:
        """Raises `NotFound` when there is no such folder."""
        self.root = root
        if not root.is_dir():
            raise NotFound(f"there is no folder `{root}`", hint="name the repository with --repo")

    def read(self, path: str) -> str | None:
        """The text of a file, without a byte order mark; None when there is none.

        Raises:
            Invalid: it, or a folder on the way, is a link or no plain file, too large, or no UTF-8.
        """
        content = self._bytes(path)
        if content is None:
            return None
        try:
            return content.decode().removeprefix(_BOM)
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise Invalid(f"`{path}:{line}` is not UTF-8", hint="save it as UTF-8") from None

    def leads_to(self, path: str) -> str | None:
        """What a symbolic link of that name holds; None when it is none."""
        try:
            return str((self.root / path).readlink())
        except OSError:
            return None

    def names(self, folder: str, suffix: str) -> list[str]:
        """The plain files of a folder whose names end so, as paths from the root, in order."""
        try:
            with self._folder(folder, make=False) as (descriptor, _):
                entries = [
                    e.name for e in os.scandir(descriptor) if e.is_file(follow_symlinks=False)
                ]
        except FileNotFoundError:
            return []
        return sorted(f"{folder}/{name}" for name in entries if name.endswith(suffix))

    def is_executable(self, path: str) -> bool:
        """Whether its owner may run it."""
        try:
            return bool((self.root / path).lstat().st_mode & stat.S_IXUSR)
        except OSError:
            return False

    def write(self, edits: Sequence[Edit]) -> None:
        """Make every edit, or none: what was made is undone when one fails.

        Raises:
            Conflict: a file changed since it was read, or somebody else writes too.
            Invalid: a file cannot be written.
        """
        with self._alone():
            for edit in edits:
                if self.read(edit.path) != edit.before:
                    raise Conflict(
                        f"`{edit.path}` changed in the meantime", hint="run the command again"
                    )
            done: list[tuple[Edit, bytes | None, int]] = []
            try:
                for edit in edits:
                    saved = self._bytes(edit.path)
                    mode = self._mode(edit.path)
                    self._put(edit.path, _encoded(edit, saved), _new_mode(edit, mode))
                    done.append((edit, saved, mode))
            except OSError as error:
                for edit, saved, mode in reversed(done):
                    with contextlib.suppress(OSError):
                        self._put(edit.path, saved, mode)
                raise Invalid(
                    f"`{error.filename or edits[len(done)].path}` cannot be written: {error.strerror}",
                    hint="make it writable; nothing was changed",
                ) from None

    @contextmanager
    def _alone(self) -> Generator[None]:
        """Hold the root folder, so that two runs do not mix."""
        descriptor = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise Conflict(
                "another `orchestra connect` writes into this repository", hint="wait for it"
            ) from None
        finally:
            os.close(descriptor)

    def _bytes(self, path: str) -> bytes | None:
        pure = PurePosixPath(path)
        if pure.name in ("", ".."):
            raise Invalid(f"`{path}` is no name of a file", hint="see the record of connect")
        try:
            with self._folder(str(pure.parent), make=False) as (folder, _):
                flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
                descriptor = os.open(pure.name, flags, dir_fd=folder)
            with os.fdopen(descriptor, "rb") as file:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise Invalid(f"`{path}` is not a plain file", hint="move it out of the way")
                content = file.read(_LARGEST + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Invalid(
                f"`{path}` cannot be read: {error.strerror}",
                hint="it must be a plain, readable file; links are not followed",
            ) from None
        if len(content) > _LARGEST:
            raise Invalid(f"`{path}` is larger than 1 MiB", hint="make it smaller")
        return content

    @contextmanager
    def _folder(self, path: str, *, make: bool) -> Generator[tuple[int, list[int]]]:
        """An open folder, reached without following a link; its parents are made if asked."""
        if path.startswith("/") or ".." in PurePosixPath(path).parts:
            raise Invalid(
                f"`{path}` is not inside the repository", hint="see the record of connect"
            )
        opened = [os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)]
        try:
            for name in PurePosixPath(path).parts:
                if make:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(name, 0o755, dir_fd=opened[-1])
                opened.append(os.open(name, _FOLDER, dir_fd=opened[-1]))
            yield opened[-1], opened
        finally:
            for descriptor in opened:
                os.close(descriptor)

    def _put(self, path: str, content: bytes | None, mode: int) -> None:
        pure = PurePosixPath(path)
        with self._folder(str(pure.parent), make=content is not None) as (folder, opened):
            if content is None:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(pure.name, dir_fd=folder)
                _remove_empty(pure.parent, opened)
                return
            name = f".{pure.name}.{secrets.token_hex(4)}"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(name, flags, 0o600, dir_fd=folder)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(content)
                    os.fchmod(descriptor, mode)
                os.replace(name, pure.name, src_dir_fd=folder, dst_dir_fd=folder)
            except OSError:
                with contextlib.suppress(OSError):
                    os.unlink(name, dir_fd=folder)
                raise

    def _mode(self, path: str) -> int:
        try:
            return stat.S_IMODE((self.root / path).lstat().st_mode)
        except OSError:
            return 0o644


def _encoded(edit: Edit, saved: bytes | None) -> bytes | None:
    if edit.after is None:
        return None
    mark = _BOM if saved is not None and saved.startswith(_BOM.encode()) else ""
    return (mark + edit.after).encode()


def _new_mode(edit: Edit, mode: int) -> int:
    return mode | 0o755 if edit.executable else mode


def _remove_empty(folder: PurePosixPath, opened: Sequence[int]) -> None:
    """Remove folders that became empty, from the innermost outwards."""
    names = folder.parts
    for depth in range(len(names), 0, -1):
        try:
            os.rmdir(names[depth - 1], dir_fd=opened[depth - 1])
        except OSError:
            return
