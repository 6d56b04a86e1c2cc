"""Answers in PostgreSQL, shared by all processes; written behind, and asked only for what it holds."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, cast

import msgspec
import structlog
from orchestra.gateway.cache.hearing import CHANNEL, Hearing, Message, messages
from orchestra.gateway.cache.known import Known
from orchestra.gateway.cache.memory import Kept
from orchestra.gateway.cache.tables import AnswerRow, EpochRow
from orchestra.gateway.calls import Answer, Endpoint, Usage
from orchestra.shared.db import Database
from orchestra.shared.errors import Unavailable
from orchestra.shared.redaction import Redactor
from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

PATIENCE = 0.25
"""Seconds that a look-up waits for the database; then the model is asked."""
_TOGETHER = 0.05  # seconds: what is kept within is written at once
_BATCH = 200
_MOST_WAITING = 16 << 20  # bytes that wait to be written; what comes then is not kept
_MOST_KNOWN = 300_000
_SWEEP = 300.0  # seconds between removals of what is too old
_NAME = 16  # bytes of a key that are told

_NEW = insert(AnswerRow)
_UPSERT = _NEW.on_conflict_do_update(
    index_elements=["key"],
    set_={column.name: _NEW.excluded[column.name] for column in AnswerRow.__table__.columns},
)

_log = structlog.get_logger(__name__)


class AnswerStore:
    """The answers that outlive a process.

    `gone` is called with the keys that were removed here; `cleared` when any process cleared the
    cache or when this one did not hear for a while, and `checked` with what one has checked.
    """

    def __init__(
        self, database: Database, redactor: Redactor, *, patience: float = PATIENCE
    ) -> None:
        self._database = database
        self._redactor = redactor
        self.patience = patience
        self._hearing = Hearing(database, self._heard, self._begin)
        self._waiting: list[tuple[int, Kept]] = []
        self._bytes = 0
        self._due = asyncio.Event()
        self._written = asyncio.Event()
        self._written.set()
        self._tasks: list[asyncio.Task[None]] = []
        self.known = Known()
        self.epoch = 0
        """How often the cache was cleared; what was asked before the last time is not kept."""
        self.unwritten = 0
        """Answers that were not written: a secret in them, too many at once, no database."""
        self.cleared: Callable[[], None] = lambda: None
        self.checked: Callable[[str], None] = lambda _: None
        self.kept: Callable[[Sequence[Kept]], Any] | None = None
        """Awaited with what was just written."""
        self.gone: Callable[[Collection[bytes]], Any] | None = None

    @property
    def hears(self) -> bool:
        """Whether this process would learn that the cache was cleared."""
        return self._hearing.works

    async def start(self) -> None:
        """Listen, and begin to write."""
        ready = asyncio.Event()
        self._tasks = [
            asyncio.create_task(self._hearing.listen(ready), name="cache-hearing"),
            asyncio.create_task(self._write(), name="cache-writer"),
            asyncio.create_task(self._sweep(), name="cache-sweeper"),
        ]
        await ready.wait()

    async def close(self) -> None:
        """Write what waits, for a moment, and stop."""
        with suppress(TimeoutError):
            async with asyncio.timeout(2):
                await self.settled()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def settled(self) -> None:
        """Return when nothing waits to be written."""
        await self._written.wait()

    def put(self, kept: Kept, epoch: int) -> None:
        """Write an answer, soon; `epoch` is the one at which it was asked for."""
        if self._bytes + kept.size > _MOST_WAITING:
            self.unwritten += 1
            return
        self._waiting.append((epoch, kept))
        self._bytes += kept.size
        self._written.clear()
        self._due.set()

    async def fetch(self, keys: Collection[bytes], scope: bytes | None = None) -> list[Kept]:
        """The answers under these keys, of one scope where it is given; none when in doubt."""
        chosen = [AnswerRow.key.in_(keys), AnswerRow.expires_at > func.now()]
        if scope is not None:
            chosen.append(AnswerRow.scope == scope)
        try:
            async with asyncio.timeout(self.patience), self._database.transaction() as session:
                rows = await session.scalars(select(AnswerRow).where(*chosen))
                return [_kept(row) for row in rows]
        except (Unavailable, TimeoutError, SQLAlchemyError) as error:
            _log.warning("a kept answer was not read", error=type(error).__name__)
            return []

    async def count(self) -> tuple[int, int]:
        """How many answers there are, and how many bytes."""
        sizes = func.coalesce(func.sum(func.length(AnswerRow.body)), 0)
        async with self._database.transaction() as session:
            found = (await session.execute(select(func.count(), sizes))).one()
        return int(found[0]), int(found[1])

    async def clear(
        self, *, tenant: str | None = None, commit: str | None = None, model: str | None = None
    ) -> int:
        """Remove answers everywhere, all or some; returns how many there were.

        Raises:
            Unavailable: the database does not answer; nothing was removed.
        """
        given = {"tenant": tenant, "commit": commit, "model": model}
        where = [getattr(AnswerRow, name) == v for name, v in given.items() if v is not None]
        return await self._remove(where, for_all=True)

    async def _remove(self, where: Sequence[ColumnElement[bool]], *, for_all: bool) -> int:
        epoch = None
        async with self._database.transaction() as session:
            if for_all:  # from here on, whoever writes waits, and then sees the new epoch
                raised = update(EpochRow).values(epoch=EpochRow.epoch + 1).returning(EpochRow.epoch)
                epoch = (await session.execute(raised)).scalar_one()
            removed = await session.scalars(
                delete(AnswerRow).where(*where).returning(AnswerRow.key)
            )
            keys = list(removed)
            if epoch is not None:
                await _tell(session, "cleared", [str(epoch)])
        if epoch is not None:
            self._cleared(epoch)
        if keys and self.gone is not None:
            await self.gone(keys)
        return len(keys)

    async def _begin(self) -> None:
        known = Known()
        newest = select(AnswerRow.key).where(AnswerRow.expires_at > func.now())
        newest = newest.order_by(AnswerRow.expires_at.desc()).limit(_MOST_KNOWN)
        async with self._database.transaction() as session:
            epoch = (await session.execute(select(EpochRow.epoch))).scalar_one()
            for key in await session.scalars(newest):
                known.add(key)
        self.known = known
        self._cleared(epoch)

    def _cleared(self, epoch: int) -> None:
        self.epoch = max(epoch, self.epoch)
        self.cleared()

    def _heard(self, message: Message) -> None:
        for name in message.get("kept", ()):
            self.known.add(bytes.fromhex(name))
        for epoch in message.get("cleared", ()):
            self._cleared(int(epoch))
        for told in message.get("checked", ()):
            self.checked(told)

    async def _write(self) -> None:
        while True:
            await self._due.wait()
            await asyncio.sleep(_TOGETHER)
            self._due.clear()
            while self._waiting:
                batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
                self._bytes -= sum(kept.size for _, kept in batch)
                try:
                    await self._write_all([one for one in batch if not self._is_secret(one[1])])
                except Exception:  # noqa: BLE001 - the top of this loop: what cannot be written is not kept
                    _log.exception("answers were not written", answers=len(batch))
                    self.unwritten += len(batch)
            self._written.set()

    async def _write_all(self, batch: Sequence[tuple[int, Kept]]) -> None:
        async with self._database.transaction() as session:
            newest = select(EpochRow.epoch).with_for_update(read=True)
            epoch = (await session.execute(newest)).scalar_one()
            written = [kept for asked_at, kept in batch if asked_at == epoch]
            rows = {kept.key: _row(kept) for kept in written}
            if not rows:
                return
            await session.execute(_UPSERT, list(rows.values()))
            await _tell(session, "kept", [key[:_NAME].hex() for key in rows])
        for key in rows:
            self.known.add(key)
        if self.kept is not None:
            await self.kept(written)

    def _is_secret(self, kept: Kept) -> bool:
        """Whether there is a secret in it, which is then kept in memory alone."""
        for text in (kept.prompt, kept.answer.body.decode("utf-8", "replace")):
            if self._redactor.text(text) != text:
                self.unwritten += 1
                return True
        return False

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP)
            try:
                await self._remove([AnswerRow.expires_at <= func.now()], for_all=False)
            except Exception:  # noqa: BLE001 - the top of this loop: it tries again
                _log.exception("old answers were not removed")


async def _tell(session: AsyncSession, kind: str, values: Sequence[str]) -> None:
    """Tell all processes, once this is committed."""
    for message in messages(kind, values):
        await session.execute(select(func.pg_notify(CHANNEL, message)))


def _row(kept: Kept) -> dict[str, object]:
    answer = kept.answer
    return {
        "key": kept.key,
        "scope": kept.scope,
        "prompt": kept.prompt.replace("\0", ""),
        "tenant": kept.tenant,
        "commit": kept.commit,
        "endpoint": kept.endpoint,
        "stream": answer.stream,
        "provider": answer.provider,
        "model": answer.model,
        "usage": None if answer.usage is None else msgspec.structs.asdict(answer.usage),
        "body": answer.body,
        "expires_at": datetime.fromtimestamp(kept.expires, UTC),
    }


def _kept(row: AnswerRow) -> Kept:
    usage = None if row.usage is None else Usage(**row.usage)
    answer = Answer(row.body, row.stream, row.model, row.provider, usage, "stop")
    endpoint = cast("Endpoint", row.endpoint)
    expires = row.expires_at.timestamp()
    return Kept(row.key, answer, endpoint, expires, row.tenant, row.commit, row.scope, row.prompt)
