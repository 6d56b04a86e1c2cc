"""Carries changes from a watching thread to the event loop: bounded, merged, never lossy."""

import asyncio
import threading
from dataclasses import dataclass, field

_MOST_PATHS = 20_000


@dataclass(slots=True)
class Batch:
    """What happened since the last batch. Paths are bytes, relative to the working tree.

    `folders` are those that went away, with all that was in them. `meta` names files of git's own
    folder: `HEAD`, `index`, `refs`, `info/exclude`… `rescan` is the reason why everything must be
    read again. `barriers` are the marks whose earlier changes are all in this batch or before it.
    """

    paths: set[bytes] = field(default_factory=set)
    folders: set[bytes] = field(default_factory=set)
    meta: set[str] = field(default_factory=set)
    rescan: str | None = None
    barriers: list[int] = field(default_factory=list)
    gone: bool = False
    """The working tree itself has been moved or deleted."""

    def __bool__(self) -> bool:
        found = self.paths or self.folders or self.meta or self.barriers
        return bool(found) or self.rescan is not None or self.gone

    def merge(self, other: "Batch") -> None:
        """Add what came later."""
        self.paths |= other.paths
        self.folders |= other.folders
        self.meta |= other.meta
        self.rescan = self.rescan or other.rescan
        self.barriers += other.barriers
        self.gone = self.gone or other.gone
        self.bound()

    def bound(self) -> None:
        """More paths than it is worth to name become one rescan."""
        if self.rescan is None and len(self.paths) + len(self.folders) > _MOST_PATHS:
            self.rescan = f"more than {_MOST_PATHS} changes at once"
        if self.rescan is not None:
            self.paths.clear()
            self.folders.clear()


class Mailbox:
    """`put` from any thread; `wait` and `take` in the loop in which it was made."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._arrived = asyncio.Event()
        self._lock = threading.Lock()
        self._batch = Batch()
        self._failure: BaseException | None = None

    def put(self, batch: Batch) -> None:
        """Add a batch; the sender keeps no part of it."""
        with self._lock:
            first = not self._batch
            self._batch.merge(batch)
        if first:
            self._wake()

    def fail(self, error: BaseException) -> None:
        """The watching thread has ended with this error; the next `take` raises it."""
        self._failure = error
        self._wake()

    async def wait(self, timeout: float) -> None:
        """Return when something has arrived, or when that many seconds have passed."""
        try:
            async with asyncio.timeout(timeout):
                await self._arrived.wait()
        except TimeoutError:
            return

    def take(self) -> Batch:
        """All that has arrived, perhaps nothing."""
        if self._failure is not None:
            raise self._failure
        with self._lock:
            batch, self._batch = self._batch, Batch()
            self._arrived.clear()
        return batch

    def _wake(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._arrived.set)
        except RuntimeError:  # the loop has ended: nobody reads any more
            return
