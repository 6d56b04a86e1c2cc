"""Keeps the changed paths of a working tree in step with reported events, path by path."""

import os
import stat
from collections.abc import Collection, Iterable
from pathlib import Path

from orchestra.context.git.blob import judge
from orchestra.context.git.changes import Changes, observe
from orchestra.context.git.conversions import Conversions
from orchestra.context.git.folders import Surroundings
from orchestra.context.git.ignore import IgnoreRules
from orchestra.context.git.index import Index, list_index
from orchestra.context.git.repository import Repository
from orchestra.context.git.status import PathStatus, full_status, status_of
from orchestra.shared.errors import NotFound

_MOST_ASKED = 500  # beyond it, one full status is cheaper than one for these paths
_MOST_ASKED_BYTES = 100_000  # a command line holds no more on every system
_MOST_JUDGED = 2_000
ATTRIBUTES = b".gitattributes"


class WorkingTree:
    """What differs between HEAD, index and disk. Blocking: call it from a worker thread."""

    def __init__(self, repository: Repository, rules: IgnoreRules) -> None:
        if repository.root is None:
            raise ValueError("a bare repository has no working tree")
        self.repository = repository
        self.rules = rules
        self.index = Index()
        self.changes = Changes()
        self._root = os.fsencode(repository.root) + b"/"
        self._conversions = Conversions(unknown=True)
        self._doubtful = True

    def load(self) -> None:
        """Read everything anew, whatever is known."""
        before = _stamp(self.repository.folder / "index")
        index = Index.read(self.repository.git)
        found = full_status(self.repository.git)
        if index.listing != self.index.listing or self._doubtful:
            self.index = index
            self.rules.tracked = index.folders
            self.read_conversions()
        self.changes.replace(
            {path: observe(status, self._lstat(path)) for path, status in found.items()}
        )
        self._doubtful = before != _stamp(self.repository.folder / "index")

    def forget(self) -> None:
        """Show no changes: there is no HEAD to compare with."""
        self.changes.replace({})
        self._doubtful = True

    def read_conversions(self) -> None:
        """Read which contents git converts: a file that says so has changed."""
        attributes = [f + b"/" + ATTRIBUTES if f else ATTRIBUTES for f in self.index.folders]
        self._conversions = Conversions.read(
            self.repository, [path for path in attributes if os.path.lexists(self._root + path)]
        )

    def follow_index(self) -> bool:
        """Take in a changed index; False when its entries are the same as before."""
        listing = list_index(self.repository.git)
        if listing == self.index.listing and not self._doubtful:
            return False
        if self._doubtful:
            self.load()
            return True
        newer = Index(listing)
        changed = self.index.changed(newer)
        self.index = newer
        self.rules.tracked = newer.folders
        if any(path.endswith(ATTRIBUTES) for path in changed):
            self.read_conversions()
        self._ask(changed)
        return True

    def apply(self, paths: Iterable[bytes], folders: Iterable[bytes]) -> None:
        """Take in changed paths, and folders that are gone or were replaced."""
        if not os.path.isdir(self._root):  # noqa: PTH112 - bytes
            raise NotFound(
                f"the repository `{self.repository.root}` was moved or deleted",
                hint="put it back, or start again with its new path",
            )
        wanted = set(paths)
        for folder in folders:
            wanted.update(self.index.under(folder), self.changes.under(folder))
        if len(wanted) > _MOST_JUDGED:
            self.load()
            return
        surroundings = Surroundings(self._root)
        asked: set[bytes] = set()
        strangers: list[tuple[bytes, os.stat_result]] = []
        for path in wanted:
            self._judge(path, surroundings, asked, strangers)
        for (path, found), ignored in zip(
            strangers, self.rules.ignored([path for path, _ in strangers]), strict=True
        ):
            if ignored is None:
                asked.add(path)
            else:
                self._put(path, "." if ignored else "?", found)
        self._ask(asked)

    def _judge(
        self,
        path: bytes,
        surroundings: Surroundings,
        asked: set[bytes],
        strangers: list[tuple[bytes, os.stat_result]],
    ) -> None:
        """Settle one path, or say who must be asked about it."""
        place = surroundings.of(path)
        entry = self.index.entries.get(path)
        if place.nested is not None:
            asked.add(place.nested)
        elif path.endswith(b"/"):
            asked.add(path[:-1])
        elif self.changes.get(path).conflicted or not self._conversions.plain_names:
            asked.add(path)
        else:
            try:
                found = os.lstat(self._root + path) if place.exists else None
            except (FileNotFoundError, NotADirectoryError):
                found = None
            except OSError:
                asked.add(path)
                return
            if entry is not None:
                self._judge_tracked(path, found, entry, asked)
            elif found is None or not _counts(found.st_mode):
                self._put(path, ".", None)
            elif stat.S_ISDIR(found.st_mode):
                self._judge_folder(path, asked)
            else:
                strangers.append((path, found))

    def _judge_folder(self, path: bytes, asked: set[bytes]) -> None:
        """A folder is nothing to git, and its files speak for themselves; a repository is not."""
        if os.path.lexists(self._root + path + b"/.git") or not self.changes.get(path + b"/").clean:
            asked.add(path)
        else:
            self._put(path, ".", None)

    def _judge_tracked(
        self, path: bytes, found: os.stat_result | None, entry: bytes, asked: set[bytes]
    ) -> None:
        try:
            verdict = judge(self._root + path, found, entry, self._conversions)
        except OSError:  # it went away, or may not be read
            verdict = "ask"
        if verdict == "ask":
            asked.add(path)
        else:
            self._put(path, verdict, found)

    def _put(self, path: bytes, worktree: str, found: os.stat_result | None) -> None:
        known = self.changes.get(path)
        self.changes.put(path, observe(PathStatus(known.index, worktree), found))

    def _ask(self, paths: Collection[bytes]) -> None:
        """Ask git about these paths and all under them."""
        if not paths:
            return
        if len(paths) > _MOST_ASKED or sum(map(len, paths)) > _MOST_ASKED_BYTES:
            self.load()
            return
        found = status_of(self.repository.git, sorted(paths))
        for path in paths:
            for known in (path, *self.changes.under(path)):
                if known not in found:
                    self.changes.put(known, observe(PathStatus(), None))
        for path, status in found.items():
            self.changes.put(path, observe(status, self._lstat(path)))

    def _lstat(self, path: bytes) -> os.stat_result | None:
        if path.endswith(b"/"):
            return None
        try:
            found = os.lstat(self._root + path)
        except OSError:
            return None
        return found if _counts(found.st_mode) and not stat.S_ISDIR(found.st_mode) else None


def _counts(mode: int) -> bool:
    """Git knows files, links and folders; sockets, pipes and devices are nothing to it."""
    return stat.S_ISREG(mode) or stat.S_ISLNK(mode) or stat.S_ISDIR(mode)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
