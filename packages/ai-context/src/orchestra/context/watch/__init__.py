"""Tells which files of a working tree change: at once, and without losing one."""

from orchestra.context.watch.choice import open_watcher
from orchestra.context.watch.mailbox import Batch, Mailbox
from orchestra.context.watch.watcher import Places, Rules, Watcher, WatchState

__all__ = ["Batch", "Mailbox", "Places", "Rules", "WatchState", "Watcher", "open_watcher"]
