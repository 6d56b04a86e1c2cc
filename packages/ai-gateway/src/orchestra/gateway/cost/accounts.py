"""Who may spend what: sets aside before a call, books after it, and keeps the ledger."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from orchestra.gateway.calls import Cost, ModelCall, Outcome, Reservation
from orchestra.gateway.cost.budget import EACH, Counter, Kind
from orchestra.gateway.cost.budgets import Budgets
from orchestra.gateway.cost.entry import MOST, Booking, cut, ledger_row
from orchestra.gateway.cost.errors import RateLimited, held, spent
from orchestra.gateway.cost.ladder import Ladder
from orchestra.gateway.cost.ledger import Ledger
from orchestra.gateway.cost.limits import Limits
from orchestra.gateway.cost.meter import Meter
from orchestra.gateway.cost.quotes import Quotes, expected_input
from orchestra.gateway.routing.target import Target
from orchestra.shared.errors import OrchestraError

_REFUSED = 0.25  # seconds that the database is not asked again after it had nothing to give
_CALLERS = 10_000


class CallAccounts:
    """The accounts of one process; those of all processes keep within the budgets together."""

    def __init__(
        self,
        *,
        budgets: Budgets,
        limits: Limits,
        quotes: Quotes,
        ledger: Ledger,
        ladder: Ladder,
        refused: Callable[[OrchestraError], None] = lambda _: None,
    ) -> None:
        """`refused` is told of each refusal."""
        self.budgets = budgets
        self.ladder = ladder
        self.ledger = ledger
        self.quotes = quotes
        self._limits = limits
        self._refused = refused
        self._meters_of: dict[tuple[str, str | None], tuple[Meter, ...]] = {}
        self._day_ends = 0.0

    async def reserve(self, call: ModelCall, plan: Sequence[Target]) -> Reservation:
        """Set aside what the call may cost at most.

        Raises:
            BudgetSpent: a budget does not cover it.
            BudgetHeld: a budget does, once other calls are over.
            RateLimited: the key calls too often.
            Unavailable: the ledger cannot be written, so nothing more may be spent.
        """
        self.ledger.check_room()
        prices = self.quotes.prices
        if not all(prices.knows(target.provider, target.model) for target in plan):
            await prices.learn((target.provider, target.model) for target in plan)
        caller, tokens = call.caller, expected_input(call)
        try:
            self._limits.enter(caller.key_id, caller.name, tokens)
        except RateLimited as error:
            self._refused(error)
            raise
        try:
            most = min(self.quotes.most(call, plan), MOST)
            meters = self._meters(call) if most else ()
            await self._take(meters, most)
        except BaseException as error:
            self._limits.leave(caller.key_id, tokens, 0)
            if isinstance(error, OrchestraError):
                self._refused(error)
            raise
        first = plan[0] if plan else None
        booking = Booking(most, datetime.now(UTC), call, meters, tokens, first)
        if call.task_class is not None:
            booking.why = self.ladder.why(call)
        self.ledger.opened(booking)
        return booking

    def settle(self, reservation: Reservation, call: ModelCall, outcome: Outcome) -> Cost:
        """Book what the call took instead; called once for each reservation."""
        if not isinstance(reservation, Booking):
            raise TypeError("a reservation that was not made here")
        cost, charged, price = self.quotes.cost(call, outcome, reservation.first)
        charged = min(charged, MOST)
        if cost.nano is not None and cost.nano > MOST:
            cost = Cost(MOST, cost.source)
        for meter in reservation.meters:
            meter.charge(reservation.nano or 0, charged)
        usage = None if outcome.cache else outcome.usage
        used = reservation.tokens if usage is None else usage.input + usage.output
        self._limits.leave(call.caller.key_id, reservation.tokens, used)
        self.ledger.book(reservation, ledger_row(reservation, call, outcome, cost, price))
        return cost

    def budgets_changed(self) -> None:
        """Other limits hold now."""
        self._meters_of.clear()
        for meter in self.ledger.meters.values():
            meter.let_go()

    def _meters(self, call: ModelCall) -> tuple[Meter, ...]:
        now = time.time()
        if now >= self._day_ends or len(self._meters_of) >= _CALLERS or self.ledger.forgot:
            self._meters_of.clear()
            self.ledger.forgot = False
            self._day_ends = (now // 86_400 + 1) * 86_400
        key = (call.caller.key_id, call.task)
        meters = self._meters_of.get(key)
        if meters is None:
            meters = self._meters_of[key] = self._find_meters(call)
        return meters

    def _find_meters(self, call: ModelCall) -> tuple[Meter, ...]:
        subjects: dict[Kind, str] = {
            "system": EACH,
            "agent": call.caller.name,
            "key": call.caller.key_id,
        }
        task = cut(call.task)
        if task:
            subjects["task"] = task
        limits = self.budgets.limits(subjects, datetime.now(UTC))
        return tuple(self.ledger.meter(counter, limit) for counter, limit in limits)

    async def _take(self, meters: Sequence[Meter], amount: int) -> None:
        """Set an amount aside on all meters, or on none."""
        now = self.ledger.clock()
        for index, meter in enumerate(meters):
            if meter.take(amount, now):
                continue
            try:
                await self._take_more(meter, amount)
            except BaseException:
                for taken in meters[:index]:
                    taken.give_back(amount)
                raise

    async def _take_more(self, meter: Meter, amount: int) -> None:
        """Set an amount aside for which the database has to be asked."""
        self._check_refused(meter, amount)
        async with self.ledger.leasing:
            while not meter.take(amount, self.ledger.clock()):
                self._check_refused(meter, amount)
                grant = await self.ledger.lease(meter, amount)
                if not grant.granted:
                    meter.refused_at = self.ledger.clock()
                    meter.left = meter.limit - grant.spent - meter.charged
                    meter.others = max(0, grant.leased - meter.charged)
                    raise self._refusal(meter, amount)

    def _check_refused(self, meter: Meter, amount: int) -> None:
        """Do not ask again and again, however often the callers do."""
        recently = self.ledger.clock() - meter.refused_at < _REFUSED
        there = meter.left - meter.others + max(0, meter.free)
        if meter.refused_at >= 0 and recently and amount > there:
            raise self._refusal(meter, amount)

    def _refusal(self, meter: Meter, amount: int) -> OrchestraError:
        counter: Counter = meter.counter
        if meter.left < amount:
            return spent(counter, meter.limit, meter.left, amount, datetime.now(UTC))
        return held(counter, meter.limit, meter.left - meter.others, amount)
