"""A budget: how much may be spent, by whom, in what time."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal, get_args

from orchestra.gateway.cost.money import dollars, nano
from orchestra.shared.errors import Invalid

Kind = Literal["system", "agent", "key", "task"]
Period = Literal["day", "month", "ever"]

KINDS: tuple[Kind, ...] = get_args(Kind)
PERIODS: tuple[Period, ...] = get_args(Period)

EACH = "*"
"""The subject of a budget that every subject has which has none of its own."""
_EVER = date(2000, 1, 1)
_AMOUNT = re.compile(r"\$?([0-9]{1,10}(?:\.[0-9]{1,9})?)(?:/(day|month|ever))?")
_NAME = re.compile(r"[A-Za-z0-9*][A-Za-z0-9 ._@:/*-]{0,127}")


@dataclass(frozen=True, slots=True)
class Amount:
    """So many nano-dollars in a period."""

    nano: int
    period: Period

    @classmethod
    def parse(cls, text: str) -> "Amount":
        """From `20/day`, `300/month` or `2`, which is for ever.

        Raises:
            Invalid: it is of another form.
        """
        found = _AMOUNT.fullmatch(text.strip())
        if found is None:
            raise Invalid(
                f"`{text[:40]}` is not a budget",
                hint="write dollars and a period: 20/day, 300/month, or 2 for ever",
            )
        period: Period = found[2] or "ever"  # type: ignore[assignment]  # the pattern has them
        return cls(nano(found[1]), period)

    def __str__(self) -> str:
        return f"{dollars(self.nano)}/{self.period}"


@dataclass(frozen=True, slots=True, order=True)
class Counter:
    """What is counted: the spending of a subject in a period that began on a day (UTC)."""

    kind: str
    subject: str
    period: str
    since: date

    @property
    def name(self) -> str:
        """For people: `the budget of the agent codex for the day`."""
        whose = "the whole system" if self.kind == "system" else f"the {self.kind} `{self.subject}`"
        when = {"day": " for the day", "month": " for the month"}.get(self.period, "")
        return f"the budget of {whose}{when}"

    @property
    def ends(self) -> datetime | None:
        """When a new period begins; None when none will."""
        return ends(self.period, self.since)


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit. The subject `*` is for each subject of the kind that has no budget of its own."""

    kind: Kind
    subject: str
    amount: Amount
    origin: str
    """`configuration`, or who set it."""


def begins(period: str, now: datetime) -> date:
    """The day on which the period of a moment began."""
    day = now.astimezone(UTC).date()
    if period == "day":
        return day
    return day.replace(day=1) if period == "month" else _EVER


def ends(period: str, since: date) -> datetime | None:
    """The first moment after a period."""
    if period == "day":
        after = since + timedelta(days=1)
    elif period == "month":
        after = (since.replace(day=1) + timedelta(days=32)).replace(day=1)
    else:
        return None
    return datetime(after.year, after.month, after.day, tzinfo=UTC)


def check_budget(kind: str, subject: str) -> tuple[Kind, str]:
    """Kind and subject as they are kept.

    Raises:
        Invalid: there is no such kind, or the subject cannot be one.
    """
    if kind not in KINDS:
        raise Invalid(f"`{kind[:40]}` has no budgets", hint=f"there are: {', '.join(KINDS)}")
    if kind == "system":
        subject = "*"
    if not _NAME.fullmatch(subject):
        raise Invalid(
            f"`{subject[:80]}` cannot have a budget",
            hint="name an agent, a key's id or a task's id, or * for each",
        )
    return kind, subject
