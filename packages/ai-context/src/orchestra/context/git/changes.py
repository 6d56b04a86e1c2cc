"""The table of changed paths: ordered, counted and rendered as it changes."""

import os
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from orchestra.context.git.names import show_path
from orchestra.context.git.status import PathStatus
from orchestra.shared.json import JsonObject, JsonValue

SHOWN = 1_000


@dataclass(frozen=True, slots=True)
class Change:
    """One changed path: its status, and when and at what size it was last saved."""

    status: PathStatus
    saved_ns: int | None = None
    size: int | None = None


class Changes:
    """All changed paths in order. `version` grows with each difference."""

    def __init__(self) -> None:
        self._changes: dict[bytes, Change] = {}
        self._sorted: list[bytes] = []
        self._rendered: dict[bytes, tuple[Change, str, JsonObject]] = {}
        self._counts: Counter[str] = Counter()
        self.version = 0

    def __len__(self) -> int:
        return len(self._changes)

    def __getitem__(self, path: bytes) -> Change:
        return self._changes[path]

    def get(self, path: bytes) -> PathStatus:
        """The status of any path."""
        known = self._changes.get(path)
        return known.status if known else PathStatus()

    def under(self, folder: bytes) -> Iterator[bytes]:
        """The changed paths in a folder, and those of a nested repository at it."""
        low, high = (folder + b"/", folder + b"0") if folder else (b"", b"\xff\xff")
        start = bisect_left(self._sorted, low)
        yield from self._sorted[start : bisect_left(self._sorted, high)]

    def put(self, path: bytes, change: Change) -> None:
        """Record one path; a clean one is forgotten."""
        known = self._changes.get(path)
        if change == known or (known is None and change.status.clean):
            return
        self.version += 1
        if known is not None:
            self._counts.subtract(_kinds(known.status))
        if change.status.clean:
            del self._changes[path]
            del self._sorted[bisect_left(self._sorted, path)]
            self._rendered.pop(path, None)
            return
        self._counts.update(_kinds(change.status))
        self._changes[path] = change
        if known is None:
            insort(self._sorted, path)

    def replace(self, changes: Mapping[bytes, Change]) -> None:
        """Make these all that has changed."""
        if changes == self._changes:
            return
        self.version += 1
        self._changes = dict(changes)
        self._sorted = sorted(changes)
        self._rendered = {p: r for p, r in self._rendered.items() if changes.get(p) == r[0]}
        self._counts = Counter(k for c in changes.values() for k in _kinds(c.status))

    def shown(self) -> JsonObject:
        """The first 1,000 in order of their paths, as the topic shows them."""
        return dict(self._render(path) for path in self._sorted[:SHOWN])

    def counts(self) -> JsonObject:
        """How many paths are in which state; one path may be in several."""
        names = ("staged", "modified", "untracked", "conflicted", "deleted")
        counts: JsonObject = {name: self._counts[name] for name in names}
        return counts | {"total": len(self._changes)}

    def _render(self, path: bytes) -> tuple[str, JsonValue]:
        change = self._changes[path]
        known = self._rendered.get(path)
        if known is None or known[0] is not change:
            value: JsonObject = {
                "index": change.status.index,
                "worktree": change.status.worktree,
                "saved_at": None if change.saved_ns is None else _iso(change.saved_ns),
            }
            if change.size is not None:
                value["size"] = change.size
            known = self._rendered[path] = (change, show_path(path), value)
        return known[1], known[2]


def observe(status: PathStatus, found: os.stat_result | None) -> Change:
    """The change at a path, with its save time and size if there is something on disk."""
    return Change(status, found.st_mtime_ns, found.st_size) if found else Change(status)


def _kinds(status: PathStatus) -> list[str]:
    if status.conflicted:
        return ["conflicted"]
    kinds = ["staged"] if status.index not in ".?" else []
    if status.worktree == "?":
        kinds.append("untracked")
    elif status.worktree not in ".D":
        kinds.append("modified")
    if "D" in (status.worktree, status.index):
        kinds.append("deleted")
    return kinds


def _iso(nanoseconds: int) -> str:
    try:
        moment = datetime.fromtimestamp(nanoseconds // 1_000_000 / 1000, UTC)
    except (OverflowError, ValueError, OSError):  # a time stamp that no calendar holds
        return "1970-01-01T00:00:00.000Z"
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
