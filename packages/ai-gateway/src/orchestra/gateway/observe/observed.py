"""Accounts that tell others of each call that they settle."""

from collections.abc import Sequence
from typing import Protocol

from orchestra.gateway.calls import Cost, ModelCall, Outcome, Reservation
from orchestra.gateway.ports import Accounts
from orchestra.gateway.routing.target import Target


class Watcher(Protocol):
    """Is told of every call, once, when all of it is known. It has to be quick."""

    def settled(self, call: ModelCall, outcome: Outcome, cost: Cost) -> None:
        """A call has ended."""
        ...


class Observed:
    """Settling is the one thing that happens to every call exactly once, however it ends."""

    def __init__(self, accounts: Accounts, watchers: Sequence[Watcher]) -> None:
        self._accounts = accounts
        self._watchers = watchers

    async def reserve(self, call: ModelCall, plan: Sequence[Target]) -> Reservation:
        """As the accounts do."""
        return await self._accounts.reserve(call, plan)

    def settle(self, reservation: Reservation, call: ModelCall, outcome: Outcome) -> Cost:
        """As the accounts do; then the watchers are told."""
        cost = self._accounts.settle(reservation, call, outcome)
        for watcher in self._watchers:
            watcher.settled(call, outcome, cost)
        return cost


def collected_spans() -> list[Watcher]:
    """The watcher that makes spans, if this process has somewhere to send them."""
    try:
        from orchestra.gateway.observe.spans import Spans, is_collected
    except ImportError:  # the extra `otel` is not installed
        return []
    return [Spans()] if is_collected() else []
