"""Who the server runs as: ourselves, or an unprivileged account when we are root."""

import os
import pwd
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from orchestra.shared.errors import Unavailable

_CANDIDATES = ("postgres", "nobody")
EXTERNAL = "or set DATABASE_URL to a PostgreSQL ≥ 15 with pgvector"


class Identity(TypedDict, total=False):
    """The part of `subprocess.Popen`'s arguments that chooses the account."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """The account that owns the data and runs the server; `ours` when no change is needed."""

    name: str
    uid: int
    gid: int
    ours: bool

    @property
    def identity(self) -> Identity:
        """Arguments for `subprocess.Popen` that start a program as this account."""
        if self.ours:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def owns(self, path: Path) -> None:
        """Hand `path` over to the account.

        Raises:
            Unavailable: this root may not give files away, as in some containers.
        """
        if self.ours:
            return
        try:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)
        except OSError as error:
            raise Unavailable(
                f"`{path}` cannot be given to the account `{self.name}`: {error.strerror}",
                hint=f"run Orchestra as an ordinary user, {EXTERNAL}",
            ) from error

    def can_pass(self, folders: Iterable[Path]) -> bool:
        """Whether every folder lets the account through, judged by owner, group and mode."""
        return all(self._allowed(folder, 1) for folder in folders)

    def can_run(self, program: Path) -> bool:
        """Whether the account can read and execute `program`, wherever it lies."""
        return self._allowed(program, 5) and self.can_pass(program.parents)

    def _allowed(self, path: Path, bits: int) -> bool:
        if self.ours:
            return True
        about = path.stat()
        shift = 6 if about.st_uid == self.uid else 3 if about.st_gid == self.gid else 0
        return (stat.S_IMODE(about.st_mode) >> shift) & bits == bits


def account_for(data_dir: Path) -> Account:
    """The account that serves `data_dir`: its owner if it exists, else the first that may.

    Raises:
        Unavailable: we are root and there is no unprivileged account, or the data are another's.
    """
    uid = os.geteuid()
    owner = data_dir.stat().st_uid if data_dir.exists() else None
    if uid != 0:
        if owner not in (None, uid):
            raise Unavailable(
                f"`{data_dir}` belongs to `{_name_of(owner)}`, and this is `{_name_of(uid)}`",
                hint="run Orchestra as that user, or choose another state folder",
            )
        return Account(_name_of(uid), uid, os.getegid(), ours=True)
    if owner:
        return Account(_name_of(owner), owner, data_dir.stat().st_gid, ours=False)
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid, ours=False)
    raise Unavailable(
        "PostgreSQL refuses to run as root, and there is no account `postgres` or `nobody`",
        hint=f"run Orchestra as an ordinary user, create one of the two, {EXTERNAL}",
    )


def _name_of(uid: int | None) -> str:
    try:
        return pwd.getpwuid(uid).pw_name if uid is not None else "?"
    except KeyError:
        return str(uid)


def has_name(account: Account) -> bool:
    """Whether the account is listed by the system, which `initdb` insists on."""
    return account.name != str(account.uid)
