"""Watching where nothing tells of changes: everything is read again from time to time."""

from orchestra.context.watch.mailbox import Batch, Mailbox
from orchestra.context.watch.watcher import WatchState


class PollWatcher:
    """Knows no event; whoever reads the mailbox reads everything at its own pace."""

    def __init__(self, mailbox: Mailbox, *, reason: str | None = None) -> None:
        self._mailbox = mailbox
        self._reason = reason

    def start(self) -> None:
        """Ask for the first reading."""
        self._mailbox.put(Batch(rescan="started"))

    def barrier(self, token: int) -> None:
        """Ask for a reading, and mark its end."""
        self._mailbox.put(Batch(rescan="asked for", barriers=[token]))

    def refresh(self) -> None:
        """Read again by the new rules."""
        self._mailbox.put(Batch(rescan="the rules have changed"))

    def state(self) -> WatchState:
        """Always lossy."""
        return WatchState("poll", degraded=self._reason, lossy=True)

    def stop(self) -> None:
        """There is no thread to end."""
