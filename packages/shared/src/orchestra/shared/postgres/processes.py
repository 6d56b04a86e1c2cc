"""Which live processes serve a data folder; a number in a file proves nothing."""

import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from orchestra.shared.postgres.account import Account
from orchestra.shared.settings import child_environment

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """A live process of PostgreSQL on a data folder."""

    pid: int
    leads: bool
    """Whether it is the server itself, not one of the processes that it keeps."""


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that is dead and not yet buried does not."""
    if not _has_proc():
        return _said("ps", "-o", "stat=", "-p", str(pid)).strip()[:1] not in ("", "Z")
    try:
        about = (_PROC / str(pid) / "stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return about.rpartition(b")")[2].split()[0] not in (b"Z", b"X")


def serving(data_dir: Path, account: Account) -> list[ServerProcess]:
    """The live PostgreSQL processes whose working directory is `data_dir`."""
    candidates = _linux_candidates() if _has_proc() else _other_candidates()
    found = {
        pid: (parent, title)
        for pid, parent, title in candidates
        if is_alive(pid) and _works_in(pid, data_dir, account)
    }
    # A process that has just been forked still bears the title of its parent.
    return [
        ServerProcess(pid, leads=parent not in found and not title.startswith("postgres: "))
        for pid, (parent, title) in found.items()
    ]


def _has_proc() -> bool:
    return sys.platform == "linux"


def _linux_candidates() -> Iterable[tuple[int, int, str]]:
    for entry in _PROC.iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            if (entry / "comm").read_bytes() != b"postgres\n":
                continue
            title = os.fsdecode((entry / "cmdline").read_bytes())
            parent = int((entry / "stat").read_bytes().rpartition(b")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        yield int(entry.name), parent, title


def _other_candidates() -> Iterable[tuple[int, int, str]]:
    for line in _said("ps", "-axo", "pid=,ppid=,args=").splitlines():
        pid, parent, title = line.split(maxsplit=2)
        if title.startswith("postgres: ") or Path(title.split(" ")[0]).name == "postgres":
            yield int(pid), int(parent), title.strip()


def _works_in(pid: int, data_dir: Path, account: Account) -> bool:
    if not _has_proc():
        return (
            f"n{data_dir}" in _said("lsof", "-a", "-p", str(pid), "-d", "cwd", "-Fn").splitlines()
        )
    folder = _PROC / str(pid) / "cwd"
    try:
        wanted = data_dir.stat()
        return os.path.samestat(folder.stat(), wanted)
    except PermissionError:
        # Root in a container often may not look into another account's process; that account may.
        said = _said("stat", "-L", "-c", "%d:%i", str(folder), account=account).strip()
        return said == f"{wanted.st_dev}:{wanted.st_ino}"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _said(*command: str, account: Account | None = None) -> str:
    identity = account.identity if account is not None else {}
    return subprocess.run(
        command, capture_output=True, text=True, errors="replace", check=False, timeout=10,
        env=child_environment({"LC_ALL": "C"}), cwd="/", **identity,
    ).stdout  # fmt: skip
