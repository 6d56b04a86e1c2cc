"""What is known of each family of calls: its checks, and what they allow."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

import structlog
from orchestra.gateway.cache.hearing import CHANNEL, messages
from orchestra.gateway.cache.semantic.calibration import Calibration, Check, calibrate
from orchestra.gateway.cache.tables import CheckRow, FamilyRow
from orchestra.shared.db import Database
from orchestra.shared.errors import Unavailable
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

_MOST_CHECKS = 4_000
"""Of a family; the newest count."""
_MOST_FAMILIES = 1_000
_TRIM = 500  # checks between two removals of those that do not count any more
_GROWTH = 1.1  # so many times the checks before it is calibrated again, unless one was wrong

_log = structlog.get_logger(__name__)


class Records(Protocol):
    """Where checks outlive a process."""

    process: str
    """Which process this is."""

    async def load(self, family: bytes) -> list[Check]:
        """The newest checks of a family, oldest first."""

    async def add(self, family: bytes, name: str, check: Check) -> None:
        """Keep one more, and tell the other processes."""

    async def names(self) -> dict[bytes, str]:
        """Every family, by what it is called."""


@dataclass(slots=True)
class Family:
    """Calls that are calibrated together."""

    name: str
    checks: list[Check] = field(default_factory=list)
    calibration: Calibration = field(default_factory=lambda: Calibration("too few checks", 0))
    is_stale: bool = False
    _counted: int = 0
    """How many checks there were when it was calibrated."""

    def add(self, check: Check) -> None:
        """Learn how one would-be hit came out."""
        self.checks.append(check)
        del self.checks[:-_MOST_CHECKS]
        if (
            (self.calibration.is_open and not check.right)
            or len(self.checks) >= _MOST_CHECKS
            or len(self.checks) >= self._counted * _GROWTH
        ):
            self.is_stale = True

    def calibrated(self, calibration: Calibration) -> None:
        """Take what the checks were found to allow."""
        self.calibration, self._counted, self.is_stale = calibration, calibration.checks, False


class Families:
    """The families of one process, as the records have them."""

    def __init__(self, records: Records | None, *, target: float, confidence: float) -> None:
        self._records = records
        self._target = target
        self._confidence = confidence
        self._known: OrderedDict[bytes, Family] = OrderedDict()

    async def find(self, family: bytes, name: str) -> Family:
        """What is known of a family, with all that was learned until now.

        Raises:
            Unavailable: its checks cannot be read.
        """
        found = self._known.get(family)
        if found is None:
            found = Family(name, is_stale=True)
            if self._records is not None:
                found.checks = await self._records.load(family)
            self._known[family] = found
            if len(self._known) > _MOST_FAMILIES:
                self._known.popitem(last=False)
        self._known.move_to_end(family)
        if found.is_stale:
            checks = tuple(found.checks)
            found.calibrated(
                await asyncio.to_thread(calibrate, checks, self._target, self._confidence)
            )
        return found

    async def check(self, family: bytes, name: str, check: Check) -> None:
        """Learn how one would-be hit came out."""
        found = self._known.get(family)
        if found is not None:
            found.add(check)
        if self._records is not None:
            await self._records.add(family, name, check)

    def heard(self, told: str) -> None:
        """Learn what another process has checked."""
        family, process, score, right = told.split(":")
        found = self._known.get(bytes.fromhex(family))
        if found is not None and (self._records is None or process != self._records.process):
            found.add(Check(float(score), right == "1"))

    def forget(self) -> None:
        """Look at the records again: something may not have been heard."""
        self._known.clear()

    def items(self) -> Sequence[tuple[bytes, Family]]:
        """Every family that this process has met."""
        return tuple(self._known.items())


class StoredRecords:
    """The records in PostgreSQL."""

    def __init__(self, database: Database, process: str) -> None:
        self._database = database
        self.process = process
        self._added = 0

    async def load(self, family: bytes) -> list[Check]:
        """The newest checks of a family, oldest first."""
        newest = select(CheckRow).filter_by(family=family).order_by(CheckRow.id.desc())
        async with self._database.transaction() as session:
            rows = list(await session.scalars(newest.limit(_MOST_CHECKS)))
        return [Check(row.score, row.right) for row in reversed(rows)]

    async def add(self, family: bytes, name: str, check: Check) -> None:
        """Keep one more; a check that is lost delays an opening and opens nothing."""
        told = f"{family.hex()}:{self.process}:{check.score!r}:{check.right:d}"
        row = CheckRow(family=family, score=check.score, right=check.right, at=datetime.now(UTC))
        try:
            async with self._database.transaction() as session:
                named = insert(FamilyRow).values(family=family, name=name).on_conflict_do_nothing()
                await session.execute(named)
                session.add(row)
                for message in messages("checked", [told]):
                    await session.execute(select(func.pg_notify(CHANNEL, message)))
            self._added += 1
            if self._added % _TRIM == 0:
                await self._trim(family)
        except (Unavailable, SQLAlchemyError):
            _log.warning("a check of the cache was not kept")

    async def names(self) -> dict[bytes, str]:
        """Every family, by what it is called."""
        async with self._database.transaction() as session:
            rows = await session.scalars(select(FamilyRow).limit(_MOST_FAMILIES))
            return {row.family: row.name for row in rows}

    async def _trim(self, family: bytes) -> None:
        """Remove what is older than the checks that count."""
        counted = select(CheckRow.id).filter_by(family=family).order_by(CheckRow.id.desc())
        oldest = counted.offset(_MOST_CHECKS).limit(1).scalar_subquery()
        async with self._database.transaction() as session:
            await session.execute(
                delete(CheckRow).where(CheckRow.family == family, CheckRow.id <= oldest)
            )
