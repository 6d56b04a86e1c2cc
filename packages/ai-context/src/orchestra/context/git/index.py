"""What git's index holds: every tracked path with its mode and object, compactly."""

from bisect import bisect_left
from collections.abc import Iterator

from orchestra.context.git.command import Git

GITLINK = b"160000"
SYMLINK = b"120000"
EXECUTABLE = b"100755"
REGULAR = b"100644"


class Index:
    """One reading of the index.

    `entries` maps a path to `<tag> <mode> <oid> <stage>`, one line for each stage of a conflict,
    as `git ls-files --stage -v` writes it. `folders` are all folders that hold tracked files.
    """

    def __init__(self, listing: bytes = b"") -> None:
        self.listing = listing
        self.entries: dict[bytes, bytes] = {}
        self.submodules: dict[bytes, bytes] = {}
        for item in listing.split(b"\0"):
            entry, tab, path = item.partition(b"\t")
            if not tab:
                continue
            known = self.entries.get(path)
            self.entries[path] = entry if known is None else known + b"\n" + entry
            if entry[2:8] == GITLINK:
                self.submodules[path] = entry.split(b" ")[2]
        self._sorted = list(self.entries)
        self.folders = _folders(self._sorted)

    @classmethod
    def read(cls, git: Git) -> "Index":
        """The index as it is now."""
        return cls(list_index(git))

    def under(self, folder: bytes) -> Iterator[bytes]:
        """The tracked paths inside a folder."""
        low, high = (folder + b"/", folder + b"0") if folder else (b"", b"\xff")
        for position in range(bisect_left(self._sorted, low), len(self._sorted)):
            path = self._sorted[position]
            if path >= high:
                return
            yield path

    def changed(self, newer: "Index") -> set[bytes]:
        """The paths whose entries differ between this reading and a newer one."""
        return {path for path, _ in self.entries.items() ^ newer.entries.items()}


def list_index(git: Git) -> bytes:
    """The whole index as git lists it; equal bytes mean equal entries, whatever their stat data."""
    return git.run("ls-files", "--stage", "-v", "-z")


def _folders(paths: list[bytes]) -> frozenset[bytes]:
    folders = {b""}
    for path in paths:
        folder = path.rpartition(b"/")[0]
        while folder not in folders:
            folders.add(folder)
            folder = folder.rpartition(b"/")[0]
    return frozenset(folders)
