"""Whether file contents may differ from what git stores of them, in this repository."""

import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from orchestra.context.git.repository import Repository

_UNTELLING = re.compile(rb"filter|working-tree-encoding|eol=crlf|ident")
_CRLF = ((b"core.autocrlf", b"true"), (b"core.eol", b"crlf"))
_LARGEST_FILE = 1 << 20


@dataclass(frozen=True, slots=True)
class Conversions:
    """What has to be asked from git because of the repository's configuration.

    `unknown`: what is on disk may differ from what is stored. `lines`: only line ends may.
    `plain_names`: file names are compared byte by byte. `modes`, `symlinks`: the file system keeps
    them.
    """

    unknown: bool = False
    lines: bool = False
    plain_names: bool = True
    modes: bool = True
    symlinks: bool = True

    @classmethod
    def read(cls, repository: Repository, attributes: Iterable[bytes]) -> "Conversions":
        """Read the configuration, and the attribute files at the given paths of the worktree."""
        listing = repository.git.run("config", "-z", "--list")
        settings = dict(map(_setting, filter(None, listing.split(b"\0"))))
        users = repository.users_file("core.attributesFile", "attributes")
        files = [repository.common / "info" / "attributes", users]
        if repository.root is not None:
            files += [
                repository.root / path.decode("utf-8", "surrogateescape") for path in attributes
            ]
        texts = [text for text in map(_read, files) if text is not None]
        return cls(
            unknown=any(_UNTELLING.search(text) for text in texts)
            or any(settings.get(name) == value for name, value in _CRLF),
            lines=bool(texts) or settings.get(b"core.autocrlf") == b"input",
            plain_names=not any(
                _on(settings.get(name)) for name in (b"core.ignorecase", b"core.precomposeunicode")
            ),
            modes=_on(settings.get(b"core.filemode", b"true")),
            symlinks=_on(settings.get(b"core.symlinks", b"true")),
        )

    def may_change(self, content: bytes) -> bool:
        """Whether git could store something else than this content."""
        return self.unknown or (self.lines and b"\r" in content)


def _setting(item: bytes) -> tuple[bytes, bytes]:
    name, has_value, value = item.partition(b"\n")
    return name, value.lower() if has_value else b"true"


def _on(value: bytes | None) -> bool:
    return value is not None and value not in (b"", b"false", b"no", b"off", b"0")


def _read(path: Path) -> bytes | None:
    """The file's text; None when there is none. One that cannot be read may hold anything."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe would keep us waiting
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return b"filter"
    with open(descriptor, "rb") as file:  # noqa: PTH123 - by descriptor
        try:
            return file.read(_LARGEST_FILE) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
        except OSError:
            return b"filter"
