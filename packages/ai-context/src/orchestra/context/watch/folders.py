"""The folders under watch as a tree: found by watch number, dropped with all below them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto


class Zone(Enum):
    """What a folder is to us, and so what its events mean."""

    WORK = auto()
    """Part of the working tree: names are paths, new folders are watched if the rules want them."""
    META = auto()
    """Git's own folder: some names matter, a few folders in it are watched."""
    REFS = auto()
    """Inside `refs`: any change is a change of refs."""
    NESTED = auto()
    """The top or the git folder of a repository inside ours: any change is one of its folder."""


@dataclass(slots=True, eq=False)
class Folder:
    """One watched folder. `label` is the path to report: its own, or the nested repository's."""

    path: bytes
    label: bytes
    zone: Zone
    watch: int
    parent: "Folder | None" = None
    children: dict[bytes, "Folder"] = field(default_factory=dict)


class Folders:
    """All watched folders."""

    def __init__(self) -> None:
        self._by_watch: dict[int, Folder] = {}
        self._by_path: dict[bytes, Folder] = {}

    def __len__(self) -> int:
        return len(self._by_watch)

    def __iter__(self) -> Iterator[Folder]:
        return iter(list(self._by_watch.values()))

    def at(self, path: bytes) -> Folder | None:
        """The watched folder at an absolute path."""
        return self._by_path.get(path)

    def of(self, watch: int) -> Folder | None:
        """The folder that a watch number belongs to."""
        return self._by_watch.get(watch)

    def add(self, folder: Folder) -> None:
        """Enter a folder; an older entry of the same watch or path gives way."""
        for known in (self._by_watch.get(folder.watch), self._by_path.get(folder.path)):
            if known is not None:
                self._forget(known)
        self._by_watch[folder.watch] = folder
        self._by_path[folder.path] = folder
        parent_path, _, name = folder.path.rpartition(b"/")
        parent = self._by_path.get(parent_path)
        if parent is not None:
            folder.parent = parent
            parent.children[name] = folder

    def drop(self, folder: Folder) -> list[int]:
        """Forget a folder and all below it; returns the watch numbers to end."""
        dropped, left = [], [folder]
        while left:
            current = left.pop()
            left += current.children.values()
            self._forget(current)
            dropped.append(current.watch)
        return dropped

    def _forget(self, folder: Folder) -> None:
        if self._by_watch.get(folder.watch) is folder:
            del self._by_watch[folder.watch]
        if self._by_path.get(folder.path) is folder:
            del self._by_path[folder.path]
        if folder.parent is not None:
            name = folder.path.rpartition(b"/")[2]
            if folder.parent.children.get(name) is folder:
                del folder.parent.children[name]
