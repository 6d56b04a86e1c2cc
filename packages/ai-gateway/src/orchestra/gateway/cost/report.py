"""What calls cost, for people: sums, single calls, budgets, and why a call went as it did."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

from orchestra.gateway.cost.budget import EACH, Budget, Counter, begins
from orchestra.gateway.cost.budgets import Budgets
from orchestra.gateway.cost.tables import DailyRow, LedgerRow, OpenRow, SpendRow
from orchestra.shared.db import Database
from orchestra.shared.errors import NotFound
from sqlalchemy import ColumnElement, func, select, tuple_

By = Literal["day", "agent", "key", "provider", "model", "route", "class"]

_COLUMNS = {
    "day": DailyRow.day,
    "agent": DailyRow.principal,
    "key": DailyRow.key_id,
    "provider": DailyRow.provider,
    "model": DailyRow.model,
    "route": DailyRow.route,
    "class": DailyRow.task_class,
}
_GROUPS = 500  # rows of an answer
_SUBJECTS = 200  # of one budget that is for each


@dataclass(frozen=True, slots=True)
class Sums:
    """The calls that have something in common; `cost` is in nano-dollars, without the unpriced."""

    name: str
    calls: int
    failed: int
    cache_hits: int
    unpriced: int
    input: int
    cached: int
    cache_written: int
    output: int
    reasoning: int
    cost: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How a budget stands in its present period, in nano-dollars."""

    budget: Budget
    subject: str
    spent: int
    held: int
    """Set aside for calls under way, or for the next ones."""
    ends: datetime | None

    @property
    def left(self) -> int:
        """Neither spent nor set aside."""
        return max(0, self.budget.amount.nano - self.spent - self.held)


class Reports:
    """Reads what the ledger and the budgets say. `agent` limits an answer to one principal."""

    def __init__(self, database: Database, budgets: Budgets) -> None:
        self._database = database
        self._budgets = budgets

    async def sums(self, by: Sequence[By], since: date, agent: str | None) -> list[Sums]:
        """The calls since a day, by one thing or by several, which the name has with slashes."""
        columns = [_COLUMNS[one] for one in by]
        counts = [getattr(DailyRow, name) for name in Sums.__slots__ if name != "name"]
        query = select(*columns, *(func.sum(count) for count in counts))
        query = query.where(DailyRow.day >= since).group_by(*columns).limit(_GROUPS)
        if agent is not None:
            query = query.where(DailyRow.principal == agent)
        by_time = by[0] == "day"
        query = query.order_by(
            *((DailyRow.day.desc(),) if by_time else ()), func.sum(DailyRow.cost).desc()
        )
        async with self._database.transaction() as session:
            rows: list[Any] = [*(await session.execute(query)).all()]  # sums of any columns
        width = len(columns)
        return [
            Sums(
                " / ".join(str(part) or "—" for part in row[:width]), *(int(n) for n in row[width:])
            )
            for row in rows
        ]

    async def calls(
        self,
        *,
        agent: str | None,
        task: str | None = None,
        before: str | None = None,
        limit: int = 50,
    ) -> list[LedgerRow]:
        """The latest calls, newest first; `before` is the id of the last one that is known."""
        query = select(LedgerRow).order_by(LedgerRow.at.desc(), LedgerRow.id.desc()).limit(limit)
        conditions: list[ColumnElement[bool]] = []
        if agent is not None:
            conditions.append(LedgerRow.principal == agent)
        if task is not None:
            conditions.append(LedgerRow.task == task)
        async with self._database.transaction() as session:
            if before is not None:
                last = await session.get(LedgerRow, before)
                if last is None:
                    raise _no_call(before)
                conditions.append(tuple_(LedgerRow.at, LedgerRow.id) < (last.at, last.id))
            rows = await session.scalars(query.where(*conditions))
            return list(rows.all())

    async def call(self, call_id: str, agent: str | None) -> LedgerRow | OpenRow:
        """One call, over or under way.

        Raises:
            NotFound: there is none, or it is another's.
        """
        async with self._database.transaction() as session:
            found: LedgerRow | OpenRow | None = await session.get(LedgerRow, call_id)
            if found is None:
                found = await session.get(OpenRow, call_id)
        if found is None or agent not in (None, found.principal):
            raise _no_call(call_id)
        return found

    async def standings(self, mine: tuple[str, str] | None) -> list[Standing]:
        """How every budget stands; those of one principal and key, or everybody's."""
        now = datetime.now(UTC)
        found = []
        async with self._database.transaction() as session:
            for budget in sorted(self._budgets.all(), key=_order):
                query = select(SpendRow).where(
                    SpendRow.kind == budget.kind,
                    SpendRow.period == budget.amount.period,
                    SpendRow.since == begins(budget.amount.period, now),
                )
                if budget.subject != EACH:
                    query = query.where(SpendRow.subject == budget.subject)
                query = query.order_by(SpendRow.spent.desc()).limit(_SUBJECTS)
                rows = list((await session.scalars(query)).all())
                found += self._standings(budget, rows, mine, now)
        return found

    def _standings(
        self,
        budget: Budget,
        rows: Sequence[SpendRow],
        mine: tuple[str, str] | None,
        now: datetime,
    ) -> list[Standing]:
        since = begins(budget.amount.period, now)
        ends = Counter(budget.kind, budget.subject, budget.amount.period, since).ends
        known = {row.subject: (row.spent, row.leased) for row in rows}
        if budget.subject != EACH or budget.kind == "system":
            known = {budget.subject: known.get(budget.subject, (0, 0))}
        else:
            own = self._budgets.subjects(budget.kind, budget.amount.period)
            known = {s: figures for s, figures in known.items() if s not in own}
            known = known or {EACH: (0, 0)}
        if mine is not None and budget.kind != "system":
            allowed = {EACH, mine[0] if budget.kind == "agent" else mine[1]}
            known = {s: f for s, f in known.items() if s in allowed}
        return [
            Standing(budget, subject, spent, held, ends) for subject, (spent, held) in known.items()
        ]


def first_day(days: int) -> date:
    """The first of so many days, of which today is the last."""
    return datetime.now(UTC).date() - timedelta(days=days - 1)


def _order(budget: Budget) -> tuple[str, str, str]:
    return (budget.kind, budget.subject, budget.amount.period)


def _no_call(call_id: str) -> NotFound:
    return NotFound(
        f"there is no call `{call_id[:60]}` in the ledger",
        hint="the header x-orchestra-request-id of an answer has its id; a call is written down"
        " within a second after its end",
    )
