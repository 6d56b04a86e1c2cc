"""The context document and its changes, as every reader of this process shares them."""

import asyncio
import contextlib
import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import structlog
from orchestra.context.cursor import Cursor
from orchestra.context.patch import Operation, apply
from orchestra.context.snapshots import Snapshots
from orchestra.shared.errors import Unavailable
from orchestra.shared.events import Event, EventLog
from orchestra.shared.json import JsonObject, canonical

_RING = 4096  # changes kept for readers that resume
_SNAPSHOT_EVERY = 500  # changes between two stored snapshots
_KEEP = 10_000  # changes kept in the event log behind the snapshot

_log = structlog.get_logger(__name__)

Topics = frozenset[str]
"""A reader's filter; None means all."""


@dataclass(frozen=True, slots=True)
class Delta:
    """One change of one topic, encoded once for all who read it."""

    seq: int
    topic: str
    json: bytes
    """`{"at", "cause", "epoch", "ops", "seq", "topic"}`; paths are relative to the document."""


class ContextLog:
    """Folds the events of the context stream into a document, and keeps the latest of them.

    Readers hold no queue here: a reader is a number, the last change that it has. What is after
    it is in the ring or, when the reader is too far behind, in a fresh snapshot.
    """

    def __init__(self, workspace: str, events: EventLog, snapshots: Snapshots) -> None:
        self.stream = f"context/{workspace}"
        self.epoch = ""
        self.seq = 0
        self.document: JsonObject = {"topics": {}}
        self._events = events
        self._snapshots = snapshots
        self._ring: deque[Delta] = deque(maxlen=_RING)
        self._grown = asyncio.Event()
        self._encoded: dict[Topics | None, tuple[int, bytes]] = {}
        self._stored_at = 0
        self._listeners: list[Callable[[Delta], None]] = []
        self._task: asyncio.Task[None] | None = None

    @property
    def cursor(self) -> Cursor:
        """The place of the newest change."""
        return Cursor(self.epoch, self.seq)

    async def start(self) -> None:
        """Restore the document as it was, then follow the stream."""
        head = await self._events.head(self.stream)
        if head is None:
            await self._events.append(self.stream, "context.opened", {}, actor="orchestra")
            head = await self._events.head(self.stream)
        if head is None:
            raise Unavailable("the context stream cannot be opened", hint="see `orchestra doctor`")
        self.epoch = head.epoch.hex
        stored = await self._snapshots.load(self.stream, head.epoch)
        if stored is not None:
            self.seq, self.document = stored
        events = await self._events.read(self.stream, after=self.seq)
        if events and events[0].seq != self.seq + 1:  # the snapshot is lost, the past was trimmed
            reset: JsonObject = {"ops": [{"op": "replace", "path": "", "value": {"topics": {}}}]}
            await self._events.append(self.stream, "context.reset", reset, actor="orchestra")
            self.seq = events[0].seq - 1
        self._stored_at = self.seq
        while self.seq < head.seq and events:
            for event in events:
                self._fold(event)
            events = await self._events.read(self.stream, after=self.seq)
        self._task = asyncio.create_task(self._follow(), name="context-log")

    async def close(self) -> None:
        """Stop following and store the document, so that the next start is quick."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        with contextlib.suppress(Unavailable):  # the events are stored; this only saves time
            await self._store()

    def snapshot(self, topics: Topics | None = None) -> bytes:
        """`{"epoch", "seq", "topics"}` as JSON, encoded once per change and filter."""
        cached = self._encoded.get(topics)
        if cached is not None and cached[0] == self.seq:
            return cached[1]
        facts = cast("JsonObject", self.document["topics"])
        chosen = facts if topics is None else {k: v for k, v in facts.items() if k in topics}
        encoded = canonical({"epoch": self.epoch, "seq": self.seq, "topics": chosen})
        if len(self._encoded) > 64:  # filters are few; strangers shall not fill the memory
            self._encoded.clear()
        self._encoded[topics] = (self.seq, encoded)
        return encoded

    def since(self, seq: int) -> list[Delta] | None:
        """The changes after number `seq`, or None when they are not all here any more."""
        if seq == self.seq:
            return []
        oldest = self._ring[0].seq if self._ring else self.seq + 1
        if seq > self.seq or oldest > seq + 1:
            return None
        newest_first = itertools.islice(reversed(self._ring), self.seq - seq)
        return list(newest_first)[::-1]

    def grown(self) -> asyncio.Event:
        """An event, shared by all readers, that is set when there is a newer change."""
        return self._grown

    def nudge(self) -> None:
        """Wake all readers though nothing changed: a heartbeat, or a reader that has to end."""
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()

    async def reached(self, seq: int) -> None:
        """Return when the change with that number is folded."""
        while self.seq < seq:
            await self._grown.wait()

    async def _follow(self) -> None:
        async for event in self._events.follow(self.stream, after=self.seq):
            self._fold(event)
            self.nudge()
            if self.seq - self._stored_at >= _SNAPSHOT_EVERY:
                with contextlib.suppress(Unavailable):
                    await self._store()

    def _fold(self, event: Event) -> None:
        operations = cast("list[Operation]", event.data.get("ops", []))
        self.document = apply(self.document, operations)
        self.seq = event.seq
        self._ring.append(self._delta(event))

    def _delta(self, event: Event) -> Delta:
        topic = str(event.data.get("topic", ""))
        body: JsonObject = {
            "at": _iso(event.at),
            "cause": event.data.get("cause"),
            "epoch": self.epoch,
            "ops": event.data.get("ops", []),
            "seq": event.seq,
            "topic": topic,
        }
        return Delta(event.seq, topic, canonical(body))

    async def _store(self) -> None:
        if self.seq == self._stored_at or not self.epoch:
            return
        seq, document = self.seq, self.document
        await self._snapshots.store(self.stream, self.epoch, seq, document)
        self._stored_at = seq
        if seq > _KEEP:
            await self._events.trim(self.stream, before=seq - _KEEP)


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
