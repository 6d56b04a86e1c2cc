"""The event log as its users see it: append, read, follow, verify, trim."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

import structlog
from orchestra.shared.db import SCHEMA, Database
from orchestra.shared.errors import Unavailable
from orchestra.shared.events.appender import Appender
from orchestra.shared.events.bus import Bus, Heads
from orchestra.shared.events.event import (
    COLUMNS,
    Draft,
    Event,
    Head,
    Verification,
    chain,
    check_stream_name,
    event_of_row,
)
from orchestra.shared.json import JsonObject, canonical
from orchestra.shared.metrics import Metrics
from orchestra.shared.redaction import Redactor
from sqlalchemy import text
from uuid_utils.compat import uuid7

_RECENT = 1024  # events of a followed stream that are kept in memory
_PAGE = 1000
_RECHECK = 30.0  # seconds after which a quiet follower looks for itself
_RETRY = 0.2  # seconds until a follower asks again a database that did not answer

_log = structlog.get_logger(__name__)


class _Tail:
    """What this process knows of the end of one stream, without asking the database."""

    def __init__(self) -> None:
        self.seq = 0
        self.recent: deque[Event] = deque(maxlen=_RECENT)
        self.grown = asyncio.Event()

    def reach(self, seq: int) -> None:
        if seq > self.seq:
            self.seq = seq
            grown, self.grown = self.grown, asyncio.Event()
            grown.set()

    def add(self, event: Event) -> None:
        if self.recent and event.seq != self.recent[-1].seq + 1:
            if event.seq <= self.recent[-1].seq:
                return
            self.recent.clear()  # another process wrote in between; readers fetch those
        self.recent.append(event)
        self.reach(event.seq)

    def since(self, seq: int) -> list[Event] | None:
        if not self.recent or self.recent[0].seq > seq + 1:
            return None
        return [event for event in self.recent if event.seq > seq]


class EventLog:
    """Streams of numbered events in PostgreSQL, with followers that miss nothing."""

    def __init__(
        self, database: Database, bus: Bus, *, redactor: Redactor, metrics: Metrics
    ) -> None:
        self._database = database
        self._bus = bus
        self._redactor = redactor
        self._metrics = metrics
        self._appender = Appender(database, self._on_committed)
        self._tails: dict[str, _Tail] = {}
        self._rechecking: asyncio.Future[None] | None = None

    async def start(self) -> None:
        """Begin to write and to listen."""
        self._appender.start()
        await self._bus.start(self._on_hint)

    async def close(self) -> None:
        """Write what is queued, then stop."""
        await self._appender.close()
        await self._bus.close()

    async def append(
        self, stream: str, kind: str, data: JsonObject, *, actor: str, id: UUID | None = None
    ) -> Event:
        """Store one event; returns when it is durable. `id` makes sending it again harmless.

        Raises:
            Invalid: the stream's name is not one.
            Unavailable: the database is gone; the event is not known to be stored.
        """
        draft = Draft(
            stream=check_stream_name(stream),
            kind=kind,
            actor=actor,
            data=self._redactor.value(data),  # type: ignore[arg-type]  # an object stays an object
            id=id or uuid7(),
            at=datetime.now(UTC),
            resent=id is not None,
        )
        with self._metrics.append_seconds.time():
            return (await self._appender.append([draft]))[0]

    async def read(self, stream: str, *, after: int = 0, limit: int = _PAGE) -> list[Event]:
        """Up to `limit` events whose number is greater than `after`, oldest first."""
        query = text(
            f"select {COLUMNS.replace('data', 'data::text as data')} from {SCHEMA}.events"  # noqa: S608 - constants
            " where stream = :stream and seq > :after order by seq limit :limit"
        )
        async with self._database.transaction() as session:
            rows = await session.execute(query, {"stream": stream, "after": after, "limit": limit})
            return [event_of_row(dict(row)) for row in rows.mappings()]

    async def head(self, stream: str) -> Head | None:
        """Where the stream ends, or None when nothing was ever appended."""
        query = text(f"select epoch, seq, hash from {SCHEMA}.streams where stream = :stream")  # noqa: S608 - a constant
        async with self._database.transaction() as session:
            row = (await session.execute(query, {"stream": stream})).one_or_none()
        return None if row is None else Head(row.epoch, row.seq, row.hash)

    async def follow(self, stream: str, *, after: int = 0) -> AsyncIterator[Event]:
        """Every event whose number is greater than `after`, in order, for ever.

        Each number is yielded once and none is left out: what memory does not hold is read. While
        the database is away there is nothing to yield; it goes on where it was.
        """
        tail = self._tails.setdefault(stream, _Tail())
        await self._look(stream, tail)
        seq = after
        while True:
            grown = tail.grown
            try:
                if tail.seq <= seq:
                    await self._wait(grown, stream, tail)
                    continue
                events = tail.since(seq) or await self.read(stream, after=seq)
            except Unavailable as error:
                _log.warning("waiting for the database", stream=stream, error=str(error))
                await asyncio.sleep(_RETRY)
                continue
            for event in events:
                yield event
                seq = event.seq

    async def verify(self, stream: str) -> Verification:
        """Check that numbers have no gap and that each hash follows from the one before."""
        query = text(
            f"select seq, floor_seq, floor_hash, hash from {SCHEMA}.streams where stream = :stream"  # noqa: S608 - a constant
        )
        async with self._database.transaction() as session:
            row = (await session.execute(query, {"stream": stream})).one_or_none()
        if row is None:
            return Verification(stream, 0, 0, 0, None)
        seq, previous, checked = row.floor_seq, row.floor_hash, 0
        while seq < row.seq:
            page = [e for e in await self.read(stream, after=seq) if e.seq <= row.seq]
            for event in page:
                draft = Draft(stream, event.kind, event.actor, event.data, event.id, event.at)
                expected = chain(previous, draft, seq + 1, canonical(event.data))
                if event.seq != seq + 1 or event.hash != expected:
                    return Verification(stream, checked, row.floor_seq + 1, row.seq, seq + 1)
                seq, previous, checked = event.seq, event.hash, checked + 1
            if not page:
                return Verification(stream, checked, row.floor_seq + 1, row.seq, seq + 1)
        broken = None if previous == row.hash else row.seq
        return Verification(stream, checked, row.floor_seq + 1, row.seq, broken)

    async def trim(self, stream: str, *, before: int) -> None:
        """Forget the events up to and including number `before`; the chain goes on from there."""
        async with self._database.transaction() as session:
            await session.execute(
                text(
                    f"with kept as (select seq, hash from {SCHEMA}.events"  # noqa: S608 - a constant
                    " where stream = :stream and seq = :before),"
                    f" moved as (update {SCHEMA}.streams s set floor_seq = kept.seq,"
                    " floor_hash = kept.hash from kept where s.stream = :stream returning s.stream)"
                    f" delete from {SCHEMA}.events e using moved"
                    " where e.stream = moved.stream and e.seq <= :before"
                ),
                {"stream": stream, "before": before},
            )

    async def _wait(self, grown: asyncio.Event, stream: str, tail: _Tail) -> None:
        """Wait for a hint; look for ourselves now and then, as a hint may be lost."""
        try:
            async with asyncio.timeout(_RECHECK):
                await grown.wait()
        except TimeoutError:
            await self._look(stream, tail)

    async def _look(self, stream: str, tail: _Tail) -> None:
        head = await self.head(stream)
        if head is not None:
            tail.reach(head.seq)

    def _on_committed(self, events: Sequence[Event]) -> None:
        for event in events:
            if event.stream in self._tails:
                self._tails[event.stream].add(event)
        self._metrics.events_appended.inc(len(events))
        self._bus.announce({event.stream: event.seq for event in events})

    def _on_hint(self, heads: Heads) -> None:
        if not heads:  # hints may have been missed
            self._rechecking = asyncio.ensure_future(self._reach_heads())
        for stream, seq in heads.items():
            if stream in self._tails:
                self._tails[stream].reach(seq)

    async def _reach_heads(self) -> None:
        for stream, tail in list(self._tails.items()):
            try:
                await self._look(stream, tail)
            except Unavailable as error:
                _log.warning("could not look for missed events", error=str(error))
                return
