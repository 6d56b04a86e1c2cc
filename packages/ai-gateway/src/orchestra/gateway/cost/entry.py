"""A call in the books: what is set aside for it, its row in the ledger, its part of the day's sums."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import msgspec
from orchestra.gateway.calls import Attempt, Cost, ModelCall, Outcome, Reservation
from orchestra.gateway.cost.meter import Meter
from orchestra.gateway.routing.target import Target

COLUMNS = (
    "id",
    "at",
    "principal",
    "key_id",
    "endpoint",
    "asked",
    "task",
    "class",
    "route",
    "provider",
    "model",
    "attempts",
    "input",
    "cached",
    "cache_written",
    "output",
    "reasoning",
    "cost",
    "source",
    "price",
    "cache",
    "status",
    "finish",
    "seconds",
    "first_token",
    "detail",
)
OPEN_COLUMNS = (
    "id",
    "process",
    "at",
    "principal",
    "key_id",
    "endpoint",
    "asked",
    "task",
    "class",
    "reserved",
)

Row = tuple[object, ...]

_LONGEST = 200  # characters of a name that a client sent
MOST = 10**15
"""The most tokens or nano-dollars that are believed to be those of one call."""
_NOTHING: tuple[int, ...] = (0, 0, 0, 0, 0)
_json = msgspec.json.Encoder()


@dataclass(slots=True)
class Booking(Reservation):
    """What is set aside for a call, and where."""

    at: datetime | None = None
    call: ModelCall | None = None
    meters: tuple[Meter, ...] = ()
    tokens: int = 0
    """That were expected, for the limits."""
    first: Target | None = None
    """Whom it goes to first."""
    why: str = ""
    """How its route was chosen, where there was a choice."""
    announced: bool = False
    """It is in `gateway_open`, because it takes long."""


def cut(text: str | None) -> str | None:
    """A name that a client sent, short enough to be kept, and without what a database refuses."""
    if text is None:
        return None
    return text[:_LONGEST].replace("\0", "").encode("utf-8", "replace").decode()


def ledger_row(
    booking: Booking, call: ModelCall, outcome: Outcome, cost: Cost, price: str | None
) -> Row:
    """The values of `COLUMNS`."""
    usage = None if outcome.cache else outcome.usage  # a kept answer uses nothing
    counts = _NOTHING
    if usage is not None:
        counts = (usage.input, usage.cached, usage.cache_written, usage.output, usage.reasoning)
        if max(counts) > MOST or min(counts) < 0:
            counts = tuple(min(max(count, 0), MOST) for count in counts)
    return (
        call.id,
        booking.at,
        call.caller.name,
        call.caller.key_id,
        call.endpoint,
        cut(call.model),
        cut(call.task),
        cut(call.task_class),
        outcome.route,
        outcome.provider,
        cut(outcome.model),
        len(outcome.attempts),
        *counts,
        cost.nano,
        cost.source,
        price,
        outcome.cache,
        outcome.status,
        outcome.finish,
        outcome.seconds,
        outcome.first_token_seconds,
        _detail(booking, call, outcome),
    )


def _detail(booking: Booking, call: ModelCall, outcome: Outcome) -> str:
    """What `explain` tells besides."""
    told: dict[str, object] = {"reserved": booking.nano}
    if outcome.attempts:
        told["attempts"] = [_attempt(attempt) for attempt in outcome.attempts]
    if booking.why:
        told["why"] = booking.why
    if call.task_class is not None and call.session is not None:
        told["session"] = cut(call.session)
    if outcome.detail:
        told["headers"] = dict(outcome.detail)
    return _json.encode(told).decode()


def _attempt(attempt: Attempt) -> dict[str, object]:
    return {
        "provider": attempt.provider,
        "model": attempt.model,
        "status": attempt.status,
        "error": attempt.error,
        "seconds": round(attempt.seconds, 4),
    }


def open_row(booking: Booking, call: ModelCall, process: str) -> Row:
    """The values of `OPEN_COLUMNS`."""
    return (
        call.id,
        process,
        booking.at,
        call.caller.name,
        call.caller.key_id,
        call.endpoint,
        cut(call.model),
        cut(call.task),
        cut(call.task_class),
        booking.nano,
    )


DailyKey = tuple[date, str, str, str, str, str, str]


def daily(rows: Iterable[Row]) -> Mapping[DailyKey, list[int]]:
    """The sums of the rows by day, principal, key, route, class, provider and model."""
    sums: dict[DailyKey, list[int]] = {}
    for row in rows:
        at: datetime = row[1]  # type: ignore[assignment]  # as `ledger_row` made it
        key: DailyKey = (
            at.date(),
            row[2],
            row[3],
            row[8] or "",
            row[7] or "",
            row[9] or "",
            row[10] or "",
        )  # type: ignore[assignment]  # texts
        cost: int | None = row[17]  # type: ignore[assignment]
        status: int = row[21]  # type: ignore[assignment]
        sums_of = sums.setdefault(key, [0] * 10)
        values = (
            1,
            status >= 400,
            row[20] is not None,
            cost is None,
            *row[12:17],
            cost or 0,
        )
        for index, value in enumerate(values):
            sums_of[index] += int(value)  # type: ignore[call-overload]  # numbers
    return sums
