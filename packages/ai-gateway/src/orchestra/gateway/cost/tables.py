"""The tables of cost: the ledger, its sums by day, budgets and what is spent of them."""

from datetime import date, datetime
from typing import Any

from orchestra.shared.tables import Table
from sqlalchemy import JSON, Date, Float, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column


class LedgerRow(Table):
    """One call. `cost` is in nano-dollars, and null where nobody knows it."""

    __tablename__ = "gateway_ledger"
    __table_args__ = (
        Index(None, "at"),
        Index(None, "task", "at", postgresql_where=text("task is not null")),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    principal: Mapped[str]
    key_id: Mapped[str]
    endpoint: Mapped[str]
    asked: Mapped[str]
    task: Mapped[str | None]
    task_class: Mapped[str | None] = mapped_column("class", Text)
    route: Mapped[str | None]
    provider: Mapped[str | None]
    model: Mapped[str | None]
    attempts: Mapped[int]
    input: Mapped[int]
    cached: Mapped[int]
    cache_written: Mapped[int]
    output: Mapped[int]
    reasoning: Mapped[int]
    cost: Mapped[int | None]
    source: Mapped[str]
    price: Mapped[str | None]
    cache: Mapped[str | None]
    status: Mapped[int]
    finish: Mapped[str]
    seconds: Mapped[float] = mapped_column(Float)
    first_token: Mapped[float | None] = mapped_column(Float)
    detail: Mapped[Any] = mapped_column(JSON)  # what `explain` tells; typed where it is read


class OpenRow(Table):
    """A call under way, for the case that its process dies before it is booked."""

    __tablename__ = "gateway_open"

    id: Mapped[str] = mapped_column(primary_key=True)
    process: Mapped[str]
    at: Mapped[datetime]
    principal: Mapped[str]
    key_id: Mapped[str]
    endpoint: Mapped[str]
    asked: Mapped[str]
    task: Mapped[str | None]
    task_class: Mapped[str | None] = mapped_column("class", Text)
    reserved: Mapped[int | None]


class DailyRow(Table):
    """The calls of a day that have everything else in common; empty texts stand for nothing."""

    __tablename__ = "gateway_daily"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    principal: Mapped[str] = mapped_column(primary_key=True)
    key_id: Mapped[str] = mapped_column(primary_key=True)
    route: Mapped[str] = mapped_column(primary_key=True)
    task_class: Mapped[str] = mapped_column("class", Text, primary_key=True)
    provider: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    calls: Mapped[int]
    failed: Mapped[int]
    cache_hits: Mapped[int]
    unpriced: Mapped[int]
    input: Mapped[int]
    cached: Mapped[int]
    cache_written: Mapped[int]
    output: Mapped[int]
    reasoning: Mapped[int]
    cost: Mapped[int]


class BudgetRow(Table):
    """A budget that was set while the system ran; it goes before one of the configuration."""

    __tablename__ = "gateway_budgets"

    kind: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    period: Mapped[str] = mapped_column(primary_key=True)
    amount: Mapped[int]
    set_by: Mapped[str]
    set_at: Mapped[datetime]


class SpendRow(Table):
    """What is spent of a budget in a period, and what processes hold for calls under way."""

    __tablename__ = "gateway_spend"

    kind: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    period: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[date] = mapped_column(Date, primary_key=True)
    spent: Mapped[int]
    leased: Mapped[int]


class ProcessRow(Table):
    """A process that books calls; one that was not seen for long is dead."""

    __tablename__ = "gateway_processes"

    id: Mapped[str] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime]


class LeaseRow(Table):
    """The part of a budget that one process may spend without asking."""

    __tablename__ = "gateway_leases"

    process: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    period: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[date] = mapped_column(Date, primary_key=True)
    amount: Mapped[int]


class StepRow(Table):
    """How far a task has climbed the routes of a class, after answers that did not do."""

    __tablename__ = "gateway_steps"

    task: Mapped[str] = mapped_column(primary_key=True)
    task_class: Mapped[str] = mapped_column("class", Text, primary_key=True)
    step: Mapped[int]
    at: Mapped[datetime]
