"""Accounts as a process has them: a clock that is moved by hand, and prices of two models."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from orchestra.gateway.calls import ModelCall, Outcome, Usage
from orchestra.gateway.cost.accounts import CallAccounts
from orchestra.gateway.cost.budgets import Budgets
from orchestra.gateway.cost.config import (
    BudgetsSection,
    LedgerSection,
    LimitsSection,
    PricesSection,
)
from orchestra.gateway.cost.ladder import Ladder
from orchestra.gateway.cost.ledger import Ledger
from orchestra.gateway.cost.limits import Limits
from orchestra.gateway.cost.prices import Prices
from orchestra.gateway.cost.quotes import Quotes
from orchestra.gateway.routing.target import Target
from orchestra.shared.db import Database
from orchestra.shared.identity import Caller
from orchestra.shared.metrics import Metrics

PLAN = (Target("up", "cheap"),)
"""A dollar per million tokens, in and out."""


class Clock:
    """Stands still until somebody moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """The time, in seconds."""
        return self.now


def caller(name: str = "codex", key_id: str = "key1") -> Caller:
    """An agent."""
    return Caller(f"prn_{name}", name, "agent", key_id, frozenset({"models:use"}), None)


_made = iter(range(10**9))


def call(tokens: int = 1000, **more: Any) -> ModelCall:  # noqa: ANN401 - fields of the class
    """A call that asks for so many tokens."""
    more.setdefault("caller", caller())
    more.setdefault("endpoint", "chat")
    return ModelCall(
        id=f"req_{next(_made)}",
        model="cheap",
        body=more.pop("body", b"{}"),
        headers={},
        max_tokens=tokens,
        **more,
    )


def outcome(tokens: int = 100, **more: Any) -> Outcome:  # noqa: ANN401 - fields of the class
    """What came of it: so many tokens."""
    more.setdefault("usage", Usage(output=tokens))
    more.setdefault("status", 200)
    more.setdefault("finish", "stop")
    return Outcome(provider=more.pop("provider", "up"), model=more.pop("model", "cheap"), **more)


class Process:
    """The accounts of one process."""

    def __init__(self, accounts: CallAccounts, clock: Clock, alarms: list[tuple[str, str]]) -> None:
        self.accounts = accounts
        self.clock = clock
        self.alarms = alarms

    async def make(self, asked: int = 1000, used: int = 100, **more: Any) -> None:  # noqa: ANN401 - fields of the class
        """One call that asks for some tokens and uses others."""
        one = call(asked, **more)
        reservation = await self.accounts.reserve(one, PLAN)
        self.accounts.settle(reservation, one, outcome(used))


@asynccontextmanager
async def process(
    database: Database,
    *,
    budgets: dict[str, Any] | None = None,
    limits: dict[str, Any] | None = None,
    ledger: dict[str, Any] | None = None,
    classes: dict[str, tuple[str, ...]] | None = None,
    dies: bool = False,
) -> AsyncGenerator[Process]:
    """A process whose writer writes only when it is told to; with `dies`, it ends without a word."""
    clock = Clock()
    alarms: list[tuple[str, str]] = []
    section = BudgetsSection.model_validate(budgets or {})
    prices = Prices(
        PricesSection.model_validate(
            {"up/cheap": {"input": 1, "output": 1}, "up/dear": {"input": 10, "output": 10}}
        ),
        {},
    )
    await prices.learn([("up", "cheap"), ("up", "dear")])
    book = Budgets(database, section)
    await book.load()
    ladder = Ladder(database, classes or {}, clock)
    await ladder.load()
    writer = Ledger(database, LedgerSection.model_validate(ledger or {}), clock, Metrics())
    await writer.flush()
    accounts = CallAccounts(
        budgets=book,
        limits=Limits(LimitsSection.model_validate(limits or {}), clock),
        quotes=Quotes(prices, section, lambda p, m: alarms.append((p, m))),
        ledger=writer,
        ladder=ladder,
    )
    try:
        yield Process(accounts, clock, alarms)
    finally:
        if dies:
            writer.drop()
        else:
            await writer.close()
        await prices.close()
