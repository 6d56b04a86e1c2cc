"""Takes the best way of watching that this machine and this folder allow."""

import sys
from typing import Literal

from orchestra.context.watch.library import LibraryWatcher
from orchestra.context.watch.mailbox import Mailbox
from orchestra.context.watch.mounts import caveat_of
from orchestra.context.watch.poll import PollWatcher
from orchestra.context.watch.tree import InotifyWatcher
from orchestra.context.watch.watcher import Places, Rules, Watcher
from orchestra.shared.errors import Invalid

Wish = Literal["auto", "inotify", "watchfiles", "poll"]


def open_watcher(
    wish: Wish, places: Places, rules: Rules, mailbox: Mailbox, *, limit: int | None = None
) -> Watcher:
    """A watcher that is not started yet.

    Raises:
        Invalid: inotify is wished for and cannot be had.
    """
    if wish == "poll":
        return PollWatcher(mailbox)
    if wish == "watchfiles" or (wish == "auto" and sys.platform != "linux"):
        return LibraryWatcher(places, mailbox)
    caveat = caveat_of(places.root or places.git)
    try:
        return InotifyWatcher(places, rules, mailbox, limit=limit, caveat=caveat)
    except OSError as error:
        reason = f"inotify cannot be used: {error.strerror or error}"
        hint = "raise fs.inotify.max_user_instances, or end programs that watch files"
        if wish == "inotify":
            raise Invalid(reason, hint=hint) from None
        return PollWatcher(mailbox, reason=f"{reason}; hint: {hint}")
