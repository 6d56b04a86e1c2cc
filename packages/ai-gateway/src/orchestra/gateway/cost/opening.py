"""Opens the accounts of a process from the configuration, and closes them in the right order."""

import time
from collections.abc import AsyncGenerator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestra.gateway.config import GatewayConfig
from orchestra.gateway.cost.accounts import CallAccounts
from orchestra.gateway.cost.budgets import Budgets
from orchestra.gateway.cost.errors import BudgetSpent
from orchestra.gateway.cost.ladder import Ladder
from orchestra.gateway.cost.ledger import Ledger
from orchestra.gateway.cost.limits import Limits
from orchestra.gateway.cost.notices import Notices
from orchestra.gateway.cost.prices import Pair, Prices
from orchestra.gateway.cost.quotes import Quotes
from orchestra.shared.db import Database
from orchestra.shared.errors import OrchestraError
from orchestra.shared.events import EventLog
from orchestra.shared.json import JsonObject
from orchestra.shared.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Cost:
    """All that has to do with money, as it runs."""

    accounts: CallAccounts
    budgets: Budgets
    ladder: Ladder
    ledger: Ledger
    notices: Notices
    prices: Prices


@asynccontextmanager
async def open_cost(
    config: GatewayConfig,
    usable: Collection[str],
    *,
    database: Database,
    events: EventLog,
    metrics: Metrics,
    folder: Path,
) -> AsyncGenerator[Cost]:
    """The accounts of this process; `usable` are the providers that have a key."""
    urls = {name: section.url for name, section in config.providers.items()}
    notices = Notices(events)
    prices = Prices(config.prices, urls, folder)
    budgets = Budgets(database, config.budgets)
    classes = {name: section.routes for name, section in config.classes.items()}
    ladder = Ladder(database, classes)
    ledger = Ledger(database, config.ledger, time.monotonic, metrics)

    def alarm(provider: str, model: str) -> None:
        metrics.gateway_unpriced.inc()
        notices.alert(
            "price.unknown", f"{provider}/{model}", {"provider": provider, "model": model}
        )

    def refused(error: OrchestraError) -> None:
        metrics.gateway_refusals.labels(error.code).inc()
        if isinstance(error, BudgetSpent):
            counter = error.counter
            data = {"kind": counter.kind, "subject": counter.subject, "period": counter.period}
            notices.alert("budget.spent", f"{counter.name} {counter.since}", {**data})

    accounts = CallAccounts(
        budgets=budgets,
        limits=Limits(config.limits, time.monotonic),
        quotes=Quotes(prices, config.budgets, alarm),
        ledger=ledger,
        ladder=ladder,
        refused=refused,
    )

    async def heard(kind: str, _data: JsonObject) -> None:
        if kind in ("budget.set", "budget.removed"):
            await budgets.load()
            accounts.budgets_changed()
        elif kind == "outcome.failed":
            await ladder.load()

    async with AsyncExitStack() as stack:
        await budgets.load()
        await ladder.load()
        await notices.start(heard)
        stack.push_async_callback(notices.close)
        await prices.start(_asked(config, usable))
        stack.push_async_callback(prices.close)
        await ledger.start()
        stack.push_async_callback(ledger.close)
        yield Cost(accounts, budgets, ladder, ledger, notices, prices)


def _asked(config: GatewayConfig, usable: Collection[str]) -> list[Pair]:
    """The models that the configuration names, at the providers that can be asked."""
    names = {name: route for name, route in config.models.items() if "*" not in name}
    found: dict[Pair, None] = {}
    for title, route in config.routes.items():
        asked = [model for model, name in names.items() if name == title] or [title]
        for target in route.targets:
            if target.provider not in usable:
                continue
            if "{model}" not in target.model:
                found[target.provider, target.model] = None
            elif asked != [title]:
                for model in asked:
                    found[target.provider, target.model.replace("{model}", model)] = None
    return list(found)
