"""Watches a working tree and git's folders with inotify, from one thread, losing nothing."""

import logging
import os
import queue
import select
import threading
from dataclasses import dataclass

from orchestra.context.watch.arming import Arming
from orchestra.context.watch.folders import Folder, Zone
from orchestra.context.watch.inotify import Event, Inotify, Mask
from orchestra.context.watch.mailbox import Batch, Mailbox
from orchestra.context.watch.nested import is_repository
from orchestra.context.watch.watcher import Places, Rules, WatchState
from orchestra.shared.errors import Unavailable

logger = logging.getLogger(__name__)

_TELLING = frozenset(
    b"HEAD index index.lock packed-refs config config.worktree info/exclude info/attributes"
    b" info/sparse-checkout MERGE_HEAD CHERRY_PICK_HEAD REVERT_HEAD BISECT_LOG rebase-merge"
    b" rebase-apply".split()
)
_ARRIVED = Mask.CREATE | Mask.MOVED_TO
_LEFT = Mask.DELETE | Mask.MOVED_FROM


@dataclass(frozen=True, slots=True)
class _Command:
    """What the loop asks of the thread."""

    action: str
    token: int = 0


class InotifyWatcher:
    """Reports every change of the working tree and of git's folders into the mailbox.

    `limit` is the most folders that it may watch; `caveat` what this file system does not tell.

    Raises:
        OSError: this machine offers no (further) inotify instance.
    """

    def __init__(
        self,
        places: Places,
        rules: Rules,
        mailbox: Mailbox,
        *,
        limit: int | None = None,
        caveat: str | None = None,
    ) -> None:
        self._inotify = Inotify()
        self._arming = Arming(self._inotify, places, rules, limit)
        self._mailbox = mailbox
        self._caveat = caveat
        self._rescans = 0
        self._commands: queue.SimpleQueue[_Command] = queue.SimpleQueue()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._thread = threading.Thread(target=self._run, name="orchestra-inotify", daemon=True)

    def start(self) -> None:
        """Begin; the first batch comes when all is watched."""
        self._thread.start()

    def barrier(self, token: int) -> None:
        """Send `token` behind everything that the kernel has told until now."""
        self._command(_Command("barrier", token))

    def refresh(self) -> None:
        """Watch what the rules want now."""
        self._command(_Command("refresh"))

    def state(self) -> WatchState:
        """How watching goes now."""
        arming = self._arming
        lossy = arming.lossy or self._caveat is not None
        degraded = arming.degraded or self._caveat
        return WatchState("inotify", len(arming.folders), degraded, self._rescans, lossy)

    def stop(self) -> None:
        """End the thread and free the kernel's watches."""
        if self._thread.is_alive():
            self._command(_Command("stop"))
            self._thread.join()
        self._inotify.close()
        os.close(self._wake)

    def _command(self, command: _Command) -> None:
        self._commands.put(command)
        os.eventfd_write(self._wake, 1)

    def _run(self) -> None:
        try:
            self._arming.everything()
            self._mailbox.put(Batch(rescan="started"))
            waiter = select.poll()
            waiter.register(self._inotify.descriptor, select.POLLIN)
            waiter.register(self._wake, select.POLLIN)
            while self._turn(waiter):
                pass
        except Exception:
            logger.exception("watching ended")
            self._mailbox.fail(
                Unavailable("watching the files ended", hint="it starts again by itself")
            )

    def _turn(self, waiter: select.poll) -> bool:
        """Wait, report, obey; False at the end."""
        if self._wake not in (descriptor for descriptor, _ in waiter.poll()):
            self._read()
            return True
        os.eventfd_read(self._wake)
        while not self._commands.empty():
            command = self._commands.get()
            if command.action == "stop":
                return False
            if command.action == "refresh":
                self._arming.everything()
                self._mailbox.put(Batch(rescan="the rules have changed"))
            else:
                self._drain()
                self._mailbox.put(Batch(barriers=[command.token]))
        return True

    def _drain(self) -> None:
        """Report all that waits at this moment, and not what comes meanwhile."""
        waiting = self._inotify.waiting()
        while waiting > 0:
            waiting -= self._read() or waiting

    def _read(self) -> int:
        size, events = self._inotify.read()
        batch = Batch()
        overflow = False
        for event in events:
            if event.mask & Mask.OVERFLOW:
                overflow = True
            elif (folder := self._arming.folders.of(event.watch)) is not None:
                self._handle(folder, event, batch)
        if overflow:
            self._rescans += 1
            self._arming.everything()
            batch.rescan = "the kernel's queue overflowed"
        batch.bound()
        if batch:
            self._mailbox.put(batch)
        return size

    def _handle(self, folder: Folder, event: Event, batch: Batch) -> None:
        if event.mask & Mask.IGNORED:
            self._arming.drop(folder)
        elif event.mask & (Mask.DELETE_SELF | Mask.MOVE_SELF):
            batch.gone = True
        elif event.mask & Mask.UNMOUNT:
            batch.rescan = "a file system was unmounted"
        elif folder.zone is Zone.WORK:
            self._handle_work(folder, event, batch)
        elif folder.zone is Zone.NESTED:
            self._handle_nested(folder, event, batch)
        else:
            self._handle_meta(folder, event, batch)

    def _handle_work(self, folder: Folder, event: Event, batch: Batch) -> None:
        if not event.name:  # the folder itself: who may read it may have changed
            self._arming.work([folder.label], batch)
            return
        label = folder.label + b"/" + event.name if folder.label else event.name
        if event.name == b".git":
            if folder.label:
                batch.paths.add(folder.label)
                self._arming.work([folder.label], batch)
            return
        batch.paths.add(label)
        if not event.mask & Mask.ISDIR:
            return
        known = self._arming.folders.at(self._arming.path(label))
        if event.mask & _LEFT:
            batch.folders.add(label)
            self._arming.left(label)
            if known is not None and event.mask & Mask.MOVED_FROM:
                self._arming.drop(known)
        elif event.mask & _ARRIVED or known is None:
            self._arming.work([label], batch)

    def _handle_nested(self, folder: Folder, event: Event, batch: Batch) -> None:
        top = self._arming.path(folder.label)
        if folder.path == top and event.name != b".git":
            return
        if event.name == b"index" or event.name.endswith(b".lock"):
            return
        batch.paths.add(folder.label)
        known = self._arming.folders.at(top)
        was = known is not None and known.zone is Zone.NESTED
        new_folder = was and event.mask & Mask.ISDIR and event.mask & _ARRIVED
        if folder.path == top or new_folder or was != is_repository(top):
            self._arming.work([folder.label], batch)

    def _handle_meta(self, folder: Folder, event: Event, batch: Batch) -> None:
        new_folder = event.mask & Mask.ISDIR and event.mask & _ARRIVED
        if folder.zone is Zone.REFS:
            if not event.name.endswith(b".lock"):
                batch.meta.add("refs")
            if new_folder:
                self._arming.below(folder.path + b"/" + event.name, b"refs", Zone.REFS)
            return
        name = folder.label + b"/" + event.name if folder.label else event.name
        if name in _TELLING:
            batch.meta.add(name.decode())
        elif name.startswith(b"reftable"):
            batch.meta.add("refs")
        if new_folder and name in (b"refs", b"info", b"reftable"):
            self._arming.meta()
            batch.meta |= {"refs", "info/exclude", "info/attributes"}
