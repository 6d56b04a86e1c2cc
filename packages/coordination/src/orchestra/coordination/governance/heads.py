"""Heads of the audit, kept in a file: a tail that was dropped from the database is missed."""

import asyncio
import contextlib
import json
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog
from orchestra.coordination.governance.audit import STREAM
from orchestra.shared.db import SCHEMA, Database
from orchestra.shared.errors import Unavailable
from orchestra.shared.events import EventLog
from sqlalchemy import text

FILE = "audit.heads"
_EVERY = 300.0  # seconds
_KEPT = 2000  # heads in the file
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """What checking the audit found. `broken_at` is the first row that is not as it was written."""

    intact: bool
    checked: int
    last: int
    broken_at: int | None
    heads: int
    """How many exported heads were compared."""
    reason: str


class AuditHeads:
    """Writes the audit's head to `audit.heads` of the state folder now and then and at the end."""

    def __init__(
        self,
        folder: Path,
        database: Database,
        events: EventLog,
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.path = folder / FILE
        self._database = database
        self._events = events
        self._pause = pause
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run(), name="audit-heads")

    async def close(self) -> None:
        """Write the last head, and stop."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            await self._try()

    async def export(self) -> None:
        """Write the head, unless it is in the file."""
        head = await self._events.head(STREAM)
        if head is None:
            return
        known = await asyncio.to_thread(self._read)
        line = {"stream": STREAM, "epoch": head.epoch.hex, "seq": head.seq, "hash": head.hash.hex()}
        if not known or {k: known[-1].get(k) for k in line} != line:
            at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
            await asyncio.to_thread(self._write, [*known, {"at": at, **line}])

    async def verify(self) -> AuditCheck:
        """Check every row against the one before, and every exported head against its row."""
        found = await self._events.verify(STREAM)
        heads = await asyncio.to_thread(self._read)
        broken, reason = found.broken_at, "a row is missing, changed or added"
        if broken is None:
            broken, reason = await self._beyond(found.last), "a row was added behind the head"
        if broken is None:
            broken, reason = await self._missed(heads), "it is not the row whose head was exported"
        return AuditCheck(
            intact=broken is None,
            checked=found.checked,
            last=found.last,
            broken_at=broken,
            heads=len(heads),
            reason="every row follows from the one before" if broken is None else reason,
        )

    async def _beyond(self, last: int) -> int | None:
        query = text(f"select min(seq) from {SCHEMA}.events where stream = :stream and seq > :last")  # noqa: S608 - a constant
        async with self._database.transaction() as work:
            added: int | None = await work.scalar(query, {"stream": STREAM, "last": last})
        current = await self._events.head(STREAM)
        return added if added is not None and current is not None and current.seq < added else None

    async def _missed(self, heads: Sequence[dict[str, object]]) -> int | None:
        """The number of the first exported head that is not in the database as it was."""
        query = text(
            "select e.seq, e.hash, s.epoch"  # noqa: S608 - a constant
            f" from {SCHEMA}.events e join {SCHEMA}.streams s using (stream)"
            " where stream = :stream and e.seq = any(:seqs)"
        )
        seqs = [int(str(head["seq"])) for head in heads]
        async with self._database.transaction() as work:
            rows = await work.execute(query, {"stream": STREAM, "seqs": seqs})
            here = {row.seq: (row.epoch.hex, row.hash.hex()) for row in rows}
        for seq, head in zip(seqs, heads, strict=True):
            if here.get(seq) != (head["epoch"], head["hash"]):
                return seq
        return None

    async def _run(self) -> None:
        while True:
            await self._try()
            await self._pause(_EVERY)

    async def _try(self) -> None:
        try:
            await self.export()
        except (Unavailable, OSError) as error:
            _log.warning("the audit's head could not be exported", error=str(error))

    def _read(self) -> list[dict[str, object]]:
        try:
            lines = self.path.read_text().splitlines()
        except FileNotFoundError:
            return []
        heads = []
        for line in lines:
            with contextlib.suppress(ValueError):  # half a line of a process that was killed
                head = json.loads(line)
                if isinstance(head, dict) and {"epoch", "seq", "hash"} <= set(head):
                    heads.append(head)
        return heads

    def _write(self, heads: Sequence[dict[str, object]]) -> None:
        temporary = self.path.with_name(f".{FILE}.{os.getpid()}")
        text = "".join(json.dumps(head) + "\n" for head in heads[-_KEPT:])
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.path)
