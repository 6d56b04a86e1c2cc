"""Puts watches on the folders that matter, and says what could not be watched."""

import errno
import os
from collections.abc import Iterable, Iterator

from orchestra.context.git.names import show_path
from orchestra.context.watch.folders import Folder, Folders, Zone
from orchestra.context.watch.inotify import Inotify
from orchestra.context.watch.mailbox import Batch
from orchestra.context.watch.nested import git_folder, is_repository
from orchestra.context.watch.watcher import Places, Rules

_IN_META = (b"info", b"reftable")


class Arming:
    """Adds and ends watches. Only the watching thread uses it, save for `degraded` and `lossy`."""

    def __init__(self, inotify: Inotify, places: Places, rules: Rules, limit: int | None) -> None:
        self.folders = Folders()
        self.degraded: str | None = None
        self.lossy = False
        """Folders that git can read are not watched."""
        self._unreadable: set[bytes] = set()
        self._inotify = inotify
        self._rules = rules
        self._limit = limit
        self._seen: set[Folder] = set()
        self._root = os.fsencode(places.root) if places.root else None
        self._meta = list(dict.fromkeys(map(os.fsencode, (places.git, places.common))))

    def everything(self) -> None:
        """Watch all that matters now and nothing else."""
        self.degraded, self.lossy = None, False
        self._unreadable.clear()
        self._seen = set()
        self.meta()
        if self._root is not None:
            self.work([b""], Batch(rescan="arming"))
        for folder in self.folders:
            if folder not in self._seen:
                self.drop(folder)

    def meta(self) -> None:
        """Watch git's own folders."""
        for top in self._meta:
            self._watch(top, b"", Zone.META)
            for name in _IN_META:
                self._watch(top + b"/" + name, name, Zone.META)
            self.below(top + b"/refs", b"refs", Zone.REFS)

    def work(self, labels: Iterable[bytes], batch: Batch) -> None:
        """Watch these folders of the working tree and those below; report the files in them.

        First the watch, then the look: what is made in between is seen by one or the other.
        """
        level = list(labels)
        while level:
            wanted = self._rules.wanted(level)
            below: list[bytes] = []
            for label, matters in zip(level, wanted, strict=True):
                if matters:
                    below += self._work_folder(label, batch)
            batch.bound()
            level = below

    def drop(self, folder: Folder) -> None:
        """End the watches of a folder and of all below it."""
        for watch in self.folders.drop(folder):
            self._inotify.remove(watch)

    def left(self, label: bytes) -> None:
        """A folder is not there any more, so it is no folder that cannot be read."""
        gone = {known for known in self._unreadable if (known + b"/").startswith(label + b"/")}
        if gone:
            self._unreadable -= gone
            self._describe()

    def path(self, label: bytes) -> bytes:
        """The absolute path of a folder of the working tree."""
        root = self._root or b""
        return root + b"/" + label if label else root

    def _work_folder(self, label: bytes, batch: Batch) -> list[bytes]:
        path = self.path(label)
        if label and is_repository(path):
            self._nested(path, label)
            batch.paths.add(label)
            return []
        if self._watch(path, label, Zone.WORK) is None and batch.rescan is not None:
            return []
        prefix = label + b"/" if label else b""
        below = []
        for name, is_folder in _entries(path):
            if name == b".git":
                if label and is_folder:  # not a repository yet; it may become one
                    self._watch(path + b"/.git", label, Zone.NESTED)
            elif is_folder:
                below.append(prefix + name)
            else:
                batch.paths.add(prefix + name)
        return below

    def _nested(self, path: bytes, label: bytes) -> None:
        """Watch only where a nested repository's HEAD is kept, and whether it stays one."""
        known = self.folders.at(path)
        if known is not None and known.zone is not Zone.NESTED:
            self.drop(known)
        self._watch(path, label, Zone.NESTED)
        target = git_folder(path) or path + b"/.git"
        ours = any(target.startswith(top + b"/modules/") for top in self._meta)
        if ours or target == path + b"/.git":
            self._watch(target, label, Zone.NESTED)
            self.below(target + b"/refs", label, Zone.NESTED)

    def below(self, path: bytes, label: bytes, zone: Zone) -> None:
        """Watch a folder and every folder below it."""
        left = [path]
        while left:
            current = left.pop()
            if self._watch(current, label, zone) is not None:
                left += [
                    current + b"/" + name for name, is_folder in _entries(current) if is_folder
                ]

    def _watch(self, path: bytes, label: bytes, zone: Zone) -> Folder | None:
        known = self.folders.at(path)
        if known is None and self._limit is not None and len(self.folders) >= self._limit:
            self._report_limit()
            return None
        top = path == self._root or path in self._meta
        try:
            watch = self._inotify.add(path, self_too=top)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.ENOMEM):
                self._report_limit()
            elif error.errno == errno.EACCES and zone is Zone.WORK:
                self._unreadable.add(label)
                self._describe()
            return None  # gone again, or not ours to read: git cannot read it either
        if label in self._unreadable:
            self._unreadable.discard(label)
            self._describe()
        elsewhere = self.folders.of(watch)
        for stale in (known, elsewhere):
            if stale is not None and (stale.watch, stale.path) != (watch, path):
                self._drop_but(stale, watch)
        if known is None or known.watch != watch:
            known = Folder(path, label, zone, watch)
            self.folders.add(known)
        known.label, known.zone = label, zone
        self._seen.add(known)
        return known

    def _drop_but(self, folder: Folder, kept: int) -> None:
        for watch in self.folders.drop(folder):
            if watch != kept:
                self._inotify.remove(watch)

    def _report_limit(self) -> None:
        self.lossy = True
        self._describe()

    def _describe(self) -> None:
        said = []
        if self.lossy:
            said.append(
                f"only {len(self.folders)} folders can be watched, the rest is read from time to"
                " time; hint: raise fs.inotify.max_user_watches"
            )
        if self._unreadable:
            first, more = show_path(min(self._unreadable)), len(self._unreadable) - 1
            named = f"`{first}` and {more} more folders" if more else f"the folder `{first}`"
            said.append(
                f"{named} cannot be read by this user, so what is in there is not known;"
                " hint: let this user read it, or name it in .gitignore"
            )
        self.degraded = "; ".join(said) or None


def _entries(path: bytes) -> Iterator[tuple[bytes, bool]]:
    """The names in a folder, each with whether it is a folder; nothing if it cannot be read."""
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                yield entry.name, entry.is_dir(follow_symlinks=False)
    except OSError:
        return
