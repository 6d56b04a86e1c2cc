"""Watching through the `watchfiles` library, on systems that have no inotify."""

import logging
import os
import threading
from pathlib import Path

import watchfiles
from orchestra.context.watch.mailbox import Batch, Mailbox
from orchestra.context.watch.watcher import Places, WatchState
from orchestra.shared.errors import Unavailable

logger = logging.getLogger(__name__)

_STEP_MS = 10
_COOKIE = ".orchestra-cookie-"


class LibraryWatcher:
    """Reports what the library tells; it may miss files in folders made in quick succession.

    So a new folder is read through, and the state says `lossy`: everything is read again after a
    burst of changes.
    """

    def __init__(self, places: Places, mailbox: Mailbox) -> None:
        self._root = os.fsencode(places.root.resolve()) if places.root else None
        self._git = os.fsencode(places.git.resolve())
        self._common = os.fsencode(places.common.resolve())
        self._mailbox = mailbox
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="orchestra-watch", daemon=True)

    def start(self) -> None:
        """Begin; the first batch is a rescan."""
        self._thread.start()

    def barrier(self, token: int) -> None:
        """Write a cookie into git's folder: when it is told, so is all before it."""
        cookie = Path(os.fsdecode(self._git)) / f"{_COOKIE}{os.getpid()}-{token}"
        try:
            cookie.touch()
            cookie.unlink()
        except OSError:  # read-only: read everything instead
            self._mailbox.put(Batch(rescan="asked for", barriers=[token]))

    def refresh(self) -> None:
        """The library watches everything: only what is known has to be read again."""
        self._mailbox.put(Batch(rescan="the rules have changed"))

    def state(self) -> WatchState:
        """Always lossy."""
        return WatchState("watchfiles", lossy=True)

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        tops = {p for p in (self._root, self._git, self._common) if p is not None}
        kept = [t for t in tops if not any(t.startswith(o + b"/") for o in tops)]
        self._mailbox.put(Batch(rescan="started"))
        armed = False
        try:
            for changes in watchfiles.watch(
                *map(os.fsdecode, kept),
                watch_filter=None,
                debounce=_STEP_MS,
                step=_STEP_MS,
                rust_timeout=500,
                yield_on_timeout=True,
                stop_event=self._stop,
                raise_interrupt=False,
            ):
                if not armed:  # what happened while the library was arming was not told
                    armed = True
                    self._mailbox.put(Batch(rescan="armed"))
                self._report({os.fsencode(path) for _, path in changes})
        except Exception:
            logger.exception("watching ended")
            self._mailbox.fail(
                Unavailable("watching the files ended", hint="set ORCHESTRA_WATCH=poll")
            )

    def _report(self, paths: set[bytes]) -> None:
        batch = Batch()
        for path in paths:
            self._sort(path, batch)
        if batch:
            self._mailbox.put(batch)

    def _sort(self, path: bytes, batch: Batch) -> None:
        for top in (self._git, self._common):
            if path.startswith(top + b"/"):
                self._sort_meta(path[len(top) + 1 :], batch)
                return
        if path in (self._root, self._git, self._common):
            batch.gone = batch.gone or not os.path.lexists(path)
        elif self._root is not None and path.startswith(self._root + b"/"):
            label = path[len(self._root) + 1 :]
            nested, inside, _ = label.partition(b"/.git/")
            batch.paths.add(nested if inside else label.removesuffix(b"/.git"))
            if not os.path.lexists(path):
                batch.folders.add(label)
            elif os.path.isdir(path) and not os.path.islink(path):  # noqa: PTH112, PTH114 - bytes
                _scan(path, label, batch)

    def _sort_meta(self, name: bytes, batch: Batch) -> None:
        text = os.fsdecode(name)
        if text.startswith(_COOKIE):
            token = text.rpartition("-")[2]
            if f"{_COOKIE}{os.getpid()}-{token}" == text:
                batch.barriers.append(int(token))
        elif text == "index.lock" or not text.endswith(".lock"):
            top = text.partition("/")[0]
            batch.meta.add(top if top in ("refs", "reftable", "rebase-merge") else text)


def _scan(path: bytes, label: bytes, batch: Batch) -> None:
    for folder, below, files in os.walk(path):
        here = label + folder[len(path) :]
        if b".git" in below:
            below.remove(b".git")
        batch.paths.update(here + b"/" + name for name in files)
        batch.bound()
