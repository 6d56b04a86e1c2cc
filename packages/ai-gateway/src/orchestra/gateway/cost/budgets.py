"""The budgets in force: those of the configuration, and over them those that were set since."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from orchestra.gateway.cost.budget import EACH, Amount, Budget, Counter, Kind, Period, begins
from orchestra.gateway.cost.config import BudgetsSection
from orchestra.gateway.cost.tables import BudgetRow
from orchestra.shared.db import Database
from orchestra.shared.errors import NotFound
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert


class Budgets:
    """Who has which budget, in memory; `load` reads what was set."""

    def __init__(self, database: Database, section: BudgetsSection) -> None:
        self._database = database
        self._configured = [
            Budget(kind, subject, amount, "configuration")
            for kind, subject, amount in section.amounts()
        ]
        self._in_force: dict[tuple[str, str], dict[str, Budget]] = {}
        self._use(())

    async def load(self) -> None:
        """Read what was set."""
        async with self._database.transaction() as session:
            rows = (await session.scalars(select(BudgetRow))).all()
        self._use(
            Budget(row.kind, row.subject, Amount(row.amount, row.period), row.set_by)  # type: ignore[arg-type]  # written by `set`
            for row in rows
        )

    def _use(self, rows: Iterable[Budget]) -> None:
        in_force: dict[tuple[str, str], dict[str, Budget]] = {}
        for budget in (*self._configured, *rows):
            in_force.setdefault((budget.kind, budget.subject), {})[budget.amount.period] = budget
        self._in_force = in_force

    def all(self) -> list[Budget]:
        """Every budget in force."""
        return [budget for by_period in self._in_force.values() for budget in by_period.values()]

    def subjects(self, kind: str, period: str) -> set[str]:
        """Those that have a budget of their own."""
        return {
            subject
            for (of, subject), by_period in self._in_force.items()
            if of == kind and subject != EACH and period in by_period
        }

    def limits(self, subjects: Mapping[Kind, str], now: datetime) -> list[tuple[Counter, int]]:
        """What a call of these subjects is counted on, with the limit of each."""
        found: list[tuple[Counter, int]] = []
        for kind, subject in subjects.items():
            general = self._in_force.get((kind, EACH), {})
            special = self._in_force.get((kind, subject), {}) if subject != EACH else {}
            for period, budget in {**general, **special}.items():
                counter = Counter(kind, subject, period, begins(period, now))
                found.append((counter, budget.amount.nano))
        return found

    async def set(self, kind: Kind, subject: str, amount: Amount, *, actor: str) -> None:
        """Set a budget, or another amount for it."""
        row = {"amount": amount.nano, "set_by": actor, "set_at": datetime.now(UTC)}
        key = {"kind": kind, "subject": subject, "period": amount.period}
        statement = insert(BudgetRow).values(**key, **row)
        statement = statement.on_conflict_do_update(index_elements=list(key), set_=row)
        async with self._database.transaction() as session:
            await session.execute(statement)
        await self.load()

    async def remove(self, kind: Kind, subject: str, period: Period) -> None:
        """Remove a budget that was set; one of the configuration holds again then.

        Raises:
            NotFound: none was set.
        """
        async with self._database.transaction() as session:
            removed = await session.scalar(
                delete(BudgetRow)
                .where(
                    BudgetRow.kind == kind,
                    BudgetRow.subject == subject,
                    BudgetRow.period == period,
                )
                .returning(BudgetRow.kind)
            )
        if removed is None:
            raise NotFound(
                f"no budget of the {kind} `{subject[:80]}` for the period `{period}` was set",
                hint="see `orchestra gateway budget list`; those of the configuration are removed"
                " from `gateway.toml`",
            )
        await self.load()
