"""Refusals for the sake of money and rate: which limit, how much is left, when there is more."""

from datetime import UTC, datetime
from math import ceil

from orchestra.gateway.cost.budget import Counter
from orchestra.gateway.cost.money import roughly
from orchestra.shared.errors import PaymentRequired, TooManyRequests


class BudgetSpent(PaymentRequired):
    """What is left of a budget does not cover the call, and will not before the period ends."""

    code = "budget-spent"

    def __init__(
        self, message: str, *, hint: str, retry_after: int | None, counter: Counter
    ) -> None:
        super().__init__(message, hint=hint)
        self.counter = counter
        self.retry_after = retry_after
        """Seconds until the period ends, if it does."""


class BudgetHeld(TooManyRequests):
    """The rest of a budget is set aside for calls that are under way."""

    code = "budget-held"


class RateLimited(TooManyRequests):
    """A key calls too often, for too many tokens, or with too many calls at once."""

    code = "rate-limited"


def spent(counter: Counter, limit: int, left: int, wanted: int, now: datetime) -> BudgetSpent:
    """The refusal of a call that could cost more than what is left."""
    end = counter.ends
    resets = f"; it begins anew at {end:%Y-%m-%d %H:%M} UTC" if end is not None else ""
    return BudgetSpent(
        f"{counter.name} is {roughly(limit)}; {roughly(max(0, left))} of it is left, and this call"
        f" could cost up to {roughly(wanted)}{resets}",
        hint="ask for a shorter answer (max_tokens) or a cheaper model, or let an administrator"
        f" raise it: orchestra gateway budget set {counter.kind} {counter.subject}"
        f" AMOUNT/{counter.period}",
        retry_after=None if end is None else max(1, ceil((end - now).total_seconds())),
        counter=counter,
    )


def held(counter: Counter, limit: int, left: int, wanted: int) -> BudgetHeld:
    """The refusal of a call that has to wait for others to end."""
    return BudgetHeld(
        f"{counter.name} is {roughly(limit)}; {roughly(max(0, left))} of it is free while other"
        f" calls are under way, and this call could cost up to {roughly(wanted)}",
        hint="send it again in a moment, or ask for a shorter answer (max_tokens)",
        retry_after=1,
    )


def utc_now() -> datetime:
    """The moment, in UTC."""
    return datetime.now(UTC)
