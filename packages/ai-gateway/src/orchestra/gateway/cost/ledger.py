"""The task that writes calls and their money down, four times a second, and what waits for it."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import structlog
from orchestra.gateway.cost import book
from orchestra.gateway.cost.book import Batch
from orchestra.gateway.cost.budget import Counter
from orchestra.gateway.cost.config import LedgerSection
from orchestra.gateway.cost.connection import LOST, Line
from orchestra.gateway.cost.entry import Booking, Row, open_row
from orchestra.gateway.cost.leases import Grant, Move
from orchestra.gateway.cost.leases import lease as lease_part
from orchestra.gateway.cost.meter import Meter
from orchestra.shared.db import Database
from orchestra.shared.errors import Unavailable
from orchestra.shared.metrics import Metrics

EVERY = 0.25
"""Seconds between two writes; what a killed process has not written is at most of that time."""
_BATCH = 5_000  # rows
_SEEN = 10.0  # seconds between two signs of life
_DAY = 86_400.0
_LONGEST_PAUSE = 5.0  # seconds, while the database is away
_QUIET = 60.0  # seconds without a call, after which a meter is forgotten
_HOPELESS = 4  # tries of a batch that the database refuses, before its rows are written one by one

_log = structlog.get_logger(__name__)


class Ledger:
    """The queue of calls that are over, the meters of this process, and the writer."""

    def __init__(
        self,
        database: Database,
        section: LedgerSection,
        clock: Callable[[], float],
        metrics: Metrics,
    ) -> None:
        self.clock = clock
        self.process = uuid4().hex
        self.meters: dict[Counter, Meter] = {}
        self.forgot = False
        """A meter was forgotten, so whoever remembers meters has to ask again."""
        self.leasing = asyncio.Lock()
        self._metrics = metrics
        self._section = section
        self._rows: deque[tuple[Row, bool]] = deque()
        self._open: dict[str, Booking] = {}
        self._failed: Batch | None = None
        self._writing = asyncio.Lock()
        self._writer = Line(database)
        self._lender = Line(database)
        self._seen_at = self._swept_at = -_DAY
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """Rows that are not written yet."""
        return len(self._rows) + (len(self._failed.rows) if self._failed else 0)

    async def start(self) -> None:
        """Say that this process lives, and begin to write."""
        await self.flush()
        self._task = asyncio.create_task(self._run(), name="gateway-ledger")

    async def close(self) -> None:
        """Write what waits, give back what is held, and stop."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        try:
            async with asyncio.timeout(5):
                await self.flush()
                async with self._writer.transaction() as connection:
                    await book.leave(connection, self.process)
        except (*LOST, asyncpg.PostgresError) as error:
            _log.error("the last calls are not in the ledger", error=str(error), rows=self.waiting)
        self.drop()

    def drop(self) -> None:
        """Close the connections without a word, as a killed process does."""
        self._writer.drop()
        self._lender.drop()

    def check_room(self) -> None:
        """Do nothing while calls can be booked.

        Raises:
            Unavailable: too many wait to be written.
        """
        if len(self._rows) >= self._section.queue:
            raise Unavailable(
                f"{len(self._rows)} calls wait to be written into the ledger, and no more may be made",
                hint="the database does not keep up or is away: see `orchestra doctor`",
            )

    def meter(self, counter: Counter, limit: int) -> Meter:
        """The meter of a counter, with the limit that holds now."""
        meter = self.meters.get(counter)
        if meter is None:
            meter = self.meters[counter] = Meter(counter, limit, used_at=self.clock())
        meter.limit = limit
        return meter

    def opened(self, booking: Booking) -> None:
        """A call begins."""
        if booking.call is not None:
            self._open[booking.call.id] = booking

    def book(self, booking: Booking, row: Row) -> None:
        """A call is over."""
        self._open.pop(str(row[0]), None)
        self._rows.append((row, booking.announced))

    async def lease(self, meter: Meter, amount: int) -> Grant:
        """Ask the database for so much more on a meter.

        Raises:
            Unavailable: it does not answer.
        """
        asking = asyncio.create_task(self._ask(meter, amount - meter.free))
        return await asyncio.shield(asking)  # a caller who leaves must not lose what was given

    async def _ask(self, meter: Meter, need: int) -> Grant:
        try:
            async with self._lender.transaction() as connection:
                grant = await lease_part(
                    connection,
                    self.process,
                    meter.counter,
                    limit=meter.limit,
                    need=need,
                    want=max(need, meter.slice),
                )
        except (*LOST, asyncpg.PostgresError) as error:
            raise Unavailable(
                f"the database does not say what is left of {meter.counter.name}",
                hint="see `orchestra doctor`; nothing was spent, so the call can be made again",
            ) from error
        meter.lease += grant.granted
        return grant

    async def begin(self, counter: Counter) -> None:
        """Begin to count a subject, with what the ledger has of it."""
        async with self._lender.transaction() as connection:
            await lease_part(connection, self.process, counter, limit=0, need=0, want=0)

    async def flush(self) -> None:
        """Write all that waits. Also for those who read the ledger at once.

        Raises:
            Unavailable: the database is away, which a background writer survives.
        """
        async with self._writing:
            waiting = len(self._rows) + (len(self._failed.rows) if self._failed else 0)
            while True:
                batch = self._failed or self._next()
                if batch is None:
                    return
                await self._write(batch)
                waiting -= len(batch.rows)
                if waiting <= 0 and self._failed is None:
                    return  # what came meanwhile waits for the next time, or this never ended

    def _next(self) -> Batch | None:
        now = self.clock()
        waiting = [self._rows.popleft() for _ in range(min(_BATCH, len(self._rows)))]
        batch = Batch(
            rows=[row for row, _ in waiting],
            closed=[str(row[0]) for row, announced in waiting if announced],
            moves=self._moves(now),
            opened=self._announce(),
        )
        nothing = not (batch.rows or batch.moves or batch.opened)
        return None if nothing and now - self._seen_at < _SEEN else batch

    def _moves(self, now: float) -> list[Move]:
        moves = []
        for counter, meter in list(self.meters.items()):
            released = meter.give_up(now)
            if meter.charged or released:
                moves.append(Move(counter, meter.charged, released))
            elif meter.idle and now - meter.used_at > _QUIET:
                del self.meters[counter]
                self.forgot = True
        return moves

    def _announce(self) -> list[Row]:
        """Calls that took longer than a moment, so that they are known if this process dies."""
        since = datetime.now(UTC) - timedelta(seconds=EVERY)
        rows = []
        for booking in self._open.values():  # oldest first
            if booking.at is None or booking.at > since:
                break
            if not booking.announced and booking.call is not None:
                booking.announced = True
                rows.append(open_row(booking, booking.call, self.process))
        return rows

    async def _write(self, batch: Batch) -> None:
        self._failed = batch
        try:
            async with self._writer.transaction() as connection:
                alive = await book.write(connection, self.process, batch)
        except asyncpg.UniqueViolationError:
            self._failed = replace(batch, again=True, tries=batch.tries + 1)
            if batch.again:
                await self._write_singly(batch)
            return
        except (*LOST, asyncpg.PostgresError) as error:
            # without a row nobody can tell whether it was written: what it gives back stays held
            moves = batch.moves if batch.rows else ()
            self._failed = replace(batch, moves=moves, tries=batch.tries + 1)
            if self._failed.tries >= _HOPELESS and not isinstance(error, LOST):
                await self._write_singly(batch)
                return
            raise Unavailable(
                f"the ledger cannot be written ({type(error).__name__})",
                hint="see `orchestra doctor`; what waits is written when the database is back",
            ) from error
        self._done(batch, alive=alive)

    async def _write_singly(self, batch: Batch) -> None:
        """What was spent first, then each row; a row that is refused still is given up."""
        async with self._writer.transaction() as connection:
            alive = await book.write(connection, self.process, replace(batch, rows=(), tries=0))
        for row in batch.rows:
            try:
                async with self._writer.transaction() as connection:
                    await book.write(connection, self.process, Batch(rows=[row], again=True))
            except (*LOST, asyncpg.PostgresError) as error:
                _log.error("a call is not in the ledger", call=row[0], error=str(error))
        self._done(batch, alive=alive)

    def _done(self, batch: Batch, *, alive: bool) -> None:
        self._failed = None
        self._seen_at = self.clock()
        self._metrics.gateway_calls_booked.inc(len(batch.rows))
        for move in batch.moves:
            self.meters[move.counter].booked(move.spent)
        if not alive:  # what it held is spent now, as far as the database knows
            for meter in self.meters.values():
                meter.lease = 0

    async def _run(self) -> None:
        pause = EVERY
        while True:
            await asyncio.sleep(pause)
            self._metrics.gateway_ledger_waiting.set(self.waiting)
            try:
                await self.flush()
                await self._sweep()
                pause = EVERY
            except Unavailable as error:
                pause = min(_LONGEST_PAUSE, 2 * pause)
                _log.warning("the ledger waits", error=error.message, rows=self.waiting)
            except Exception:  # noqa: BLE001 - whatever it was: calls are booked, and tried again
                pause = _LONGEST_PAUSE
                _log.exception("the ledger's writer stumbled", rows=self.waiting)

    async def _sweep(self) -> None:
        """Now and then: book what dead processes held, and forget what is old."""
        now = self.clock()
        if now - self._swept_at < _SEEN:
            return
        first = self._swept_at < 0
        self._swept_at = now
        async with self._writer.transaction() as connection:
            gone = await book.bury_dead(connection)
            if first or int(now) % 360 < _SEEN:
                await book.forget(connection, self._section.days)
        if gone:
            _log.warning("processes died; what they held of budgets is spent", count=len(gone))
