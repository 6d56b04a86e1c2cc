"""The open streams: how they are fed, and when they are ended."""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import orjson
from orchestra.context import ContextEngine, ContextLog, Cursor
from orchestra.context.log import Topics
from orchestra.shared.errors import TooManyRequests
from orchestra.shared.identity import Caller
from orchestra.shared.metrics import Metrics

_BEAT = 15.0  # seconds between bookmarks
_STALLED = 30.0  # seconds that one write may take before the reader is given up
_PER_KEY = 2000  # open streams
_LATE = 512  # changes behind which a snapshot is cheaper to send, and to apply, than the changes
_FRAMES = 64  # encoded runs of changes that are kept for the next reader


@dataclass(eq=False, slots=True)
class Subscriber:
    """One open stream."""

    caller: Caller
    topics: Topics | None
    task: "asyncio.Task[None] | None" = None
    closing: str | None = None
    sending_since: float | None = None
    beat: int = field(default=0)


class Subscribers:
    """Every open stream of this process. A stream has no queue: see `ContextLog`."""

    def __init__(self, log: ContextLog, engine: ContextEngine, metrics: Metrics) -> None:
        self._log = log
        self._engine = engine
        self._metrics = metrics
        self._open: set[Subscriber] = set()
        self._per_key: dict[str, int] = {}
        self._frames: OrderedDict[tuple[int, int, Topics | None], bytes] = OrderedDict()
        self._tasks: list[asyncio.Task[None]] = []
        self.beat = 0

    def start(self) -> None:
        """Begin to send bookmarks and to end streams that stall."""
        self._tasks = [asyncio.create_task(self._keep(), name="subscribers")]

    async def close(self) -> None:
        """End every stream with a word of farewell."""
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self.end("the server stops", lambda _: True)

    def end(self, reason: str, which: Callable[[Subscriber], bool]) -> None:
        """End the streams for which `which` is true; each tells its reader why."""
        for subscriber in self._open:
            if which(subscriber):
                subscriber.closing = reason
        self._log.nudge()

    def revoke(self, key_id: str) -> None:
        """End the streams that were opened with a key."""
        self.end("the key was revoked", lambda s: s.caller.key_id == key_id)

    def add(self, subscriber: Subscriber) -> None:
        """Count a stream in.

        Raises:
            TooManyRequests: the key has as many open as it may.
        """
        key = subscriber.caller.key_id
        if self._per_key.get(key, 0) >= _PER_KEY:
            raise TooManyRequests(
                f"{_PER_KEY} streams are open with this key",
                hint="close some, or use another key",
                retry_after=5,
            )
        self._per_key[key] = self._per_key.get(key, 0) + 1
        self._open.add(subscriber)
        self._metrics.stream_subscribers.set(len(self._open))

    def remove(self, subscriber: Subscriber) -> None:
        """Count a stream out."""
        self._open.discard(subscriber)
        self._per_key[subscriber.caller.key_id] -= 1
        if not self._per_key[subscriber.caller.key_id]:
            del self._per_key[subscriber.caller.key_id]
        self._metrics.stream_subscribers.set(len(self._open))

    def frames(self, seq: int, topics: Topics | None) -> bytes | None:
        """The changes after number `seq` as SSE, encoded once for all who are at that place.

        None means that the reader is better off with a snapshot.
        """
        key = (seq, self._log.seq, topics)
        cached = self._frames.get(key)
        if cached is not None:
            return cached
        deltas = self._log.since(seq)
        if deltas is None or len(deltas) > _LATE or any(not d.topic for d in deltas):
            self._metrics.stream_refetches.inc()
            return None
        encoded = b"".join(
            frame("delta", d.json, Cursor(self._log.epoch, d.seq))
            for d in deltas
            if topics is None or d.topic in topics
        )
        self._frames[key] = encoded
        if len(self._frames) > _FRAMES:
            self._frames.popitem(last=False)
        return encoded

    def snapshot(self, topics: Topics | None) -> bytes:
        """The whole document as SSE, and the word that the reader is up to date."""
        here = self._log.cursor
        return frame("snapshot", self._log.snapshot(topics), here) + self.up_to_date()

    def up_to_date(self) -> bytes:
        """The word that there is nothing newer."""
        here = self._log.cursor
        return frame("up-to-date", orjson.dumps({"epoch": here.epoch, "seq": here.seq}), here)

    def bookmark(self) -> bytes:
        """Where the stream is, and when each topic was last looked at."""
        here = self._log.cursor
        checked = {
            topic: at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            for topic, at in self._engine.checked.items()
        }
        body = orjson.dumps({"epoch": here.epoch, "seq": here.seq, "checked": checked})
        return frame("bookmark", body, here)

    async def _keep(self) -> None:
        waited = 0.0
        while True:
            await asyncio.sleep(1)
            waited += 1
            now, today = asyncio.get_running_loop().time(), datetime.now(UTC)
            for subscriber in list(self._open):
                since, expires = subscriber.sending_since, subscriber.caller.expires_at
                if since is not None and now - since > _STALLED and subscriber.task:
                    subscriber.task.cancel()
                if expires is not None and expires <= today:
                    self.end("the key has expired", lambda s, e=expires: s.caller.expires_at == e)  # type: ignore[misc]  # a lambda's default has no annotation
            if waited >= _BEAT:
                waited = 0.0
                self.beat += 1
                self._log.nudge()


def frame(event: str, data: bytes, cursor: Cursor) -> bytes:
    """One event of a stream, as the HTML standard writes server-sent events."""
    return b"event: %b\nid: %b\ndata: %b\n\n" % (event.encode(), str(cursor).encode(), data)
