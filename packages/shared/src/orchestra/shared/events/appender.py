"""The one task per process that writes events: many callers, one transaction per batch."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import asyncpg
import structlog
from orchestra.shared.db import RAW_LOST, SCHEMA, Database
from orchestra.shared.errors import Conflict, Unavailable
from orchestra.shared.events.event import (
    COLUMNS,
    Draft,
    Event,
    Head,
    chain,
    event_of_row,
    genesis,
)
from orchestra.shared.json import canonical

_BATCH = 256
_QUEUE = 10_000
_PATIENCE = 10.0  # seconds that an append outlives a lost database

_LOST = (*RAW_LOST, Unavailable)
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Waiting:
    draft: Draft
    text: bytes
    done: "asyncio.Future[Event]"
    since: float = field(default_factory=lambda: asyncio.get_running_loop().time())
    tries: int = 0


class Appender:
    """Numbers, chains and stores events. An append is acknowledged once it is on disk.

    Processes that share a database take turns: the row of a stream in `streams` is locked from
    the reading of its last number to the commit, so numbers have no gaps and appear in order.
    """

    def __init__(self, database: Database, committed: Callable[[Sequence[Event]], None]) -> None:
        self._database = database
        self._committed = committed
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue(_QUEUE)
        self._connection: asyncpg.Connection | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the task that writes."""
        self._task = asyncio.create_task(self._run(), name="events-appender")

    async def append(self, drafts: Sequence[Draft]) -> list[Event]:
        """Store the drafts, in their order; returns when they are durable.

        Raises:
            Unavailable: the database is gone; it is not known to hold the events.
            Conflict: an id is that of an event of another stream.
        """
        loop = asyncio.get_running_loop()
        waiting = [_Waiting(d, canonical(d.data), loop.create_future()) for d in drafts]
        for one in waiting:
            await self._queue.put(one)
        return [await one.done for one in waiting]

    async def close(self) -> None:
        """Write what is queued, then stop."""
        if self._task is None:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(3):
                await self._queue.join()
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        if self._connection is not None:
            self._connection.terminate()

    async def _run(self) -> None:
        while True:
            batch = [await self._queue.get()]
            while len(batch) < _BATCH and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            try:
                await self._write(batch)
            except Exception:  # noqa: BLE001 - whoever comes next is still served; the batch is answered below
                _log.exception("a batch of events failed", count=len(batch))
                self._drop_connection()
            finally:
                for one in batch:
                    self._queue.task_done()
                    if not one.done.done():
                        one.done.set_exception(_gone())

    async def _write(self, batch: list[_Waiting]) -> None:
        while True:
            try:
                if self._connection is None or self._connection.is_closed():
                    self._connection = await self._database.connect()
                events = await _store(self._connection, batch)
            except _LOST as error:
                self._drop_connection()
                for one in batch:  # the commit may have happened before the connection broke
                    one.tries += 1
                if asyncio.get_running_loop().time() - batch[0].since > _PATIENCE:
                    _log.error("events could not be stored", count=len(batch), error=str(error))
                    return
                await asyncio.sleep(0.05)
                continue
            except asyncpg.PostgresError as error:  # the database is there and says no: disk full…
                self._drop_connection()
                for one in batch:
                    one.done.set_exception(_refused(error))
                return
            self._committed([event for event in events if event is not None])
            _answer(batch, events)
            return

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


def _answer(batch: list[_Waiting], events: list[Event | None]) -> None:
    for one, event in zip(batch, events, strict=True):
        if one.done.done():
            continue
        if event is None:
            one.done.set_exception(_taken(one.draft))
        else:
            one.done.set_result(event)


def _taken(draft: Draft) -> Conflict:
    return Conflict(
        f"the id `{draft.id}` belongs to an event of another stream",
        hint="give each event an id of its own, or none; nothing was stored",
    )


def _gone() -> Unavailable:
    return Unavailable(
        "the database does not answer; the event may not have been stored",
        hint="see `orchestra doctor`, then send it again with the same id",
    )


def _refused(error: asyncpg.PostgresError) -> Unavailable:
    return Unavailable(
        f"the database cannot store events ({type(error).__name__})",
        hint="see the disk's free space and `orchestra doctor`; nothing was stored",
    )


async def _store(connection: asyncpg.Connection, batch: list[_Waiting]) -> list[Event | None]:
    """Number and insert a batch in one transaction; what an earlier try stored is found by id.

    None stands where the id is that of an event of another stream, which is not the caller's to see.
    """
    streams = sorted({one.draft.stream for one in batch})
    async with connection.transaction():
        heads = await _lock(connection, streams)
        stored = await _stored(connection, [w.draft.id for w in batch if w.draft.resent or w.tries])
        events: list[Event | None] = []
        fresh: list[tuple[object, ...]] = []
        for one in batch:
            d = one.draft
            if d.id in stored:
                known = stored[d.id]
                events.append(known if known.stream == d.stream else None)
                continue
            head = heads[d.stream]
            digest = chain(head.hash, d, head.seq + 1, one.text)
            heads[d.stream] = Head(head.epoch, head.seq + 1, digest)
            event = Event(d.stream, head.seq + 1, d.id, d.at, d.kind, d.actor, d.data, digest)
            events.append(event)
            stored[d.id] = event
            fresh.append((*_columns(event), one.text.decode(), digest))
        if fresh:
            await _insert(connection, fresh)
            await connection.execute(
                f"update {SCHEMA}.streams s set seq = n.seq, hash = n.hash"  # noqa: S608 - a constant
                " from unnest($1::text[], $2::bigint[], $3::bytea[]) n(stream, seq, hash)"
                " where s.stream = n.stream",
                streams,
                [heads[s].seq for s in streams],
                [heads[s].hash for s in streams],
            )
    return events


def _columns(event: Event) -> tuple[object, ...]:
    return (event.stream, event.seq, event.id, event.at, event.kind, event.actor)


async def _lock(connection: asyncpg.Connection, streams: list[str]) -> dict[str, Head]:
    select = (
        f"select stream, epoch, seq, hash from {SCHEMA}.streams"  # noqa: S608 - a constant
        " where stream = any($1) order by stream for update"
    )
    rows = await connection.fetch(select, streams)
    missing = set(streams) - {row["stream"] for row in rows}
    if missing:
        for stream in sorted(missing):
            epoch = uuid4()
            start = genesis(stream, epoch)
            await connection.execute(
                f"insert into {SCHEMA}.streams values ($1, $2, 0, $3, 0, $3) on conflict do nothing",  # noqa: S608 - a constant
                stream,
                epoch,
                start,
            )
        rows = await connection.fetch(select, streams)
    return {row["stream"]: Head(UUID(str(row["epoch"])), row["seq"], row["hash"]) for row in rows}


async def _stored(connection: asyncpg.Connection, ids: list[UUID]) -> dict[UUID, Event]:
    if not ids:
        return {}
    query = f"select {COLUMNS} from {SCHEMA}.events where id = any($1)"  # noqa: S608 - constants
    rows = await connection.fetch(query, ids)
    return {event.id: event for event in map(event_of_row, rows)}


async def _insert(connection: asyncpg.Connection, rows: list[tuple[object, ...]]) -> None:
    await connection.execute(
        f"insert into {SCHEMA}.events (stream, seq, id, at, kind, actor, data, hash)"  # noqa: S608 - a constant
        " select * from unnest($1::text[], $2::bigint[], $3::uuid[], $4::timestamptz[],"
        " $5::text[], $6::text[], $7::json[], $8::bytea[])",
        *[list(column) for column in zip(*rows, strict=True)],
    )
