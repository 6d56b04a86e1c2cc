"""Looks prices up in `genai-prices`, as a process of its own: the library takes 100 MB and a second.

`python -m orchestra.gateway.cost.price_lookup` reads `[{"provider", "url", "model"}]` and prints,
for each, a row or null.
"""

import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_CEILING, Decimal
from importlib.metadata import version
from typing import Any

from genai_prices.data_snapshot import DataSnapshot, get_snapshot
from genai_prices.types import ModelInfo, ModelPrice, Provider, TieredPrices

_SERVICE = {"service_tier", "processing", "speed"}  # kinds of variants that are a tier of service
_PICO = 1_000_000  # per token, of a dollar per million tokens


def look_up(wanted: dict[str, str], snapshot: DataSnapshot, now: datetime) -> dict[str, Any] | None:
    """What the library knows of a model at a provider, as JSON; None if it knows nothing."""
    provider = _provider(wanted["provider"], wanted["url"], snapshot)
    if provider is None:
        return None
    name = wanted["model"]
    model = provider.find_model(name, all_providers=snapshot.providers)
    if model is None:
        return None
    standard = _steps(model.get_prices(now))
    if standard is None:
        return None
    tiers: dict[str, Any] = {}
    for context in _contexts(model):
        steps = _steps(model.get_prices(now, context))
        if steps is not None and steps != standard:
            tiers[next(iter(context.values()))] = steps
    until = min(_changes(model, now), default=None)
    return {
        "origin": f"genai-prices {version('genai-prices')}: {provider.id}/{model.id}",
        "steps": standard,
        "tiers": tiers,
        "window": model.context_window,
        "until": None if until is None else until.timestamp(),
    }


def _provider(name: str, url: str, snapshot: DataSnapshot) -> Provider | None:
    """By the address first: a name is only what the operator calls it."""
    for provider in snapshot.providers:
        if re.match(provider.api_pattern, url):
            return provider
    return next((one for one in snapshot.providers if one.id == name), None)


def _contexts(model: ModelInfo) -> Iterator[dict[str, str]]:
    for variant in model.price_variants or ():
        if len(variant.when) == 1 and _SERVICE >= set(variant.when):
            yield variant.when


def _steps(price: ModelPrice) -> list[Any] | None:
    """`[[more than so many input tokens, rates], …]`; None when tokens are not what is paid for."""
    if price.input_mtok is None and price.output_mtok is None and price.requests_kcount is None:
        return None
    values = [value for value in price.__dict__.values() if isinstance(value, TieredPrices)]
    starts = sorted({tier.start for value in values for tier in value.tiers})
    return [[start, _rates(price, start)] for start in (0, *starts)]


def _rates(price: ModelPrice, start: int) -> dict[str, int]:
    def of(name: str, otherwise: int) -> int:
        value = getattr(price, name)
        if value is None:
            return otherwise
        if isinstance(value, TieredPrices):
            reached = [tier.price for tier in value.tiers if tier.start <= start and start]
            value = reached[-1] if reached else value.base
        return _up(value * _PICO)

    paid = of("input_mtok", 0)
    written = of("cache_write_mtok", of("cache_write_5m_mtok", paid))
    output = of("output_mtok", 0)
    return {
        "input": paid,
        "cached": of("cache_read_mtok", paid),
        "cache_written": written,
        "cache_written_long": of("cache_write_1h_mtok", written),
        "output": output,
        "reasoning": of("output_reasoning_mtok", output),
        "call": 0 if price.requests_kcount is None else _call(price.requests_kcount),
    }


def _call(thousand: Decimal | TieredPrices) -> int:
    value = thousand.base if isinstance(thousand, TieredPrices) else thousand
    return _up(value * 1_000_000_000)


def _up(value: Decimal) -> int:
    return int(value.to_integral_value(ROUND_CEILING))


def _changes(model: ModelInfo, now: datetime) -> Iterator[datetime]:
    """When other prices begin to hold."""
    prices = model.prices if isinstance(model.prices, list) else []
    for one in (*prices, *(model.price_variants or ())):
        constraint: object = one.constraint
        start = getattr(constraint, "start_date", None)
        if isinstance(start, date) and (begins := _midnight(start)) > now:
            yield begins
        for moment in (getattr(constraint, name, None) for name in ("start_time", "end_time")):
            if isinstance(moment, time):
                yield _next(moment, now)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _next(moment: time, now: datetime) -> datetime:
    at = datetime.combine(now.date(), moment.replace(tzinfo=None), UTC)
    at -= moment.utcoffset() or timedelta()
    while at <= now:
        at += timedelta(days=1)
    return at


def _main() -> None:
    snapshot, now = get_snapshot(), datetime.now(UTC)
    rows = [look_up(wanted, snapshot, now) for wanted in json.load(sys.stdin)]
    json.dump(rows, sys.stdout)


if __name__ == "__main__":
    _main()
