"""Small files of a repository as a commit has them, as the disk has them, and which branch counts."""

import asyncio
import os
import threading
from pathlib import Path

from orchestra.context.git.command import Git
from orchestra.context.git.names import show_path
from orchestra.context.git.repository import Repository
from orchestra.context.index.safe_read import Root
from orchestra.shared.errors import Unavailable

_MOST = 200
"""Files of one folder; those after them, in the order of their names, are not read."""
_LARGEST = 64 * 1024 + 1  # bytes; a reader with that limit sees that there is more
_ENDINGS = (b".yaml", b".yml")
_GUESSES = ("main", "master")
_FORMAT = "%(refname)%00%(symref)%00%(objectname)"


class RepositoryFiles:
    """YAML files of one folder: plain files alone, nothing behind a link, read with git's help."""

    def __init__(self, path: Path, *, branch: str | None = None) -> None:
        """`branch`: the ref that counts as the default branch, instead of what git says."""
        self._path = path
        self._branch = branch
        self._found: Repository | None = None
        self._lock = threading.Lock()

    async def default_branch(self) -> tuple[str, str] | None:
        """The full name of the ref, and its commit.

        It is the remote's when there is a remote: a branch that only this machine has was
        reviewed by nobody.
        """
        return await asyncio.to_thread(self._default_branch)

    async def committed(self, commit: str, folder: str) -> dict[str, str]:
        """Path → text of the files that a commit has in a folder."""
        return await asyncio.to_thread(self._committed, commit, folder)

    async def present(self, folder: str) -> dict[str, str]:
        """Path → text of the files that the folder has on disk."""
        return await asyncio.to_thread(self._present, folder)

    def close(self) -> None:
        """End what git still does."""
        if self._found is not None:
            self._found.git.close()

    def _git(self) -> Git:
        with self._lock:
            if self._found is None:
                self._found = Repository.find(self._path)
            return self._found.git

    def _default_branch(self) -> tuple[str, str] | None:
        candidates = self._candidates()
        listed = self._git().run("for-each-ref", f"--format={_FORMAT}", "--", *candidates)
        lines = listed.decode("utf-8", "surrogateescape").splitlines()
        found = {ref: (target or ref, commit) for ref, target, commit in map(_parts, lines)}
        return next((found[ref] for ref in candidates if ref in found), None)

    def _candidates(self) -> list[str]:
        if self._branch is not None:
            name = self._branch
            return [name] if name.startswith("refs/") else [f"refs/heads/{name}"]
        remote = [f"refs/remotes/origin/{name}" for name in ("HEAD", *_GUESSES)]
        return [*remote, *(f"refs/heads/{name}" for name in _GUESSES)]

    def _committed(self, commit: str, folder: str) -> dict[str, str]:
        git = self._git()
        listed = git.run("ls-tree", "-z", "--end-of-options", commit, f"{folder}/")
        texts: dict[str, str] = {}
        for entry in sorted(listed.split(b"\0"), key=lambda e: e.partition(b"\t")[2]):
            about, _, path = entry.partition(b"\t")
            mode, _, oid = about.partition(b" ")
            if mode in (b"100644", b"100755") and path.endswith(_ENDINGS) and len(texts) < _MOST:
                content = _blob(git, oid.rpartition(b" ")[2])
                texts[show_path(path)] = content[:_LARGEST].decode("utf-8", "replace")
        return texts

    def _present(self, folder: str) -> dict[str, str]:
        home = (self._found or Repository.find(self._path)).root
        if home is None:
            return {}
        root = Root(os.fsencode(home))
        try:
            names = sorted(os.fsencode(found.name) for found in (home / folder).iterdir())
        except OSError:
            return {}
        texts: dict[str, str] = {}
        for name in names:
            path = os.fsencode(folder) + b"/" + name
            content = root.read(path) if name.endswith(_ENDINGS) and len(texts) < _MOST else None
            if content is not None:
                texts[show_path(path)] = content[:_LARGEST].decode("utf-8", "replace")
        return texts


def _parts(line: str) -> tuple[str, str, str]:
    """The name of a ref, what it stands for if it is symbolic, and its commit."""
    ref, target, commit = line.split("\0")
    return ref, target, commit


def _blob(git: Git, oid: bytes) -> bytes:
    """The beginning of a blob; however large it is, no more of it is read."""
    with git.process("cat-file", "blob", oid) as process:
        if process.stdout is None:
            raise Unavailable("git gave no output", hint="try again")
        return process.stdout.read(_LARGEST)
