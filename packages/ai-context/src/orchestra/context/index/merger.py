"""Merges what has changed into the base of the index, while the old base is served."""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from orchestra.context.index.parsed import ParsedFile
from orchestra.context.index.segment import Segment
from orchestra.context.index.view import View


class Merger:
    """Makes one base at a time, in a thread of its own: at most two are in memory."""

    def __init__(self) -> None:
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="orchestra-merge")
        self.running: Future[Segment] | None = None

    def offer(self, view: View) -> None:
        """Begin to merge a view that needs it, unless a merge is under way."""
        if self.running is None and view.scattered:
            self.running = self._worker.submit(_merge, view.current)

    def take(self) -> Segment | None:
        """The new base, once; None while there is none."""
        if self.running is None or not self.running.done():
            return None
        done, self.running = self.running, None
        return done.result()

    def close(self) -> None:
        """Begin nothing more."""
        self._worker.shutdown(wait=False, cancel_futures=True)


def _merge(files: Mapping[str, ParsedFile]) -> Segment:
    segment = Segment(sorted(files.items()))
    segment.prepare()
    return segment
