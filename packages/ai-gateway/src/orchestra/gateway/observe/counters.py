"""Calls as counters. Every label's values are known beforehand: no model's name is one."""

from collections.abc import Callable
from functools import partial
from typing import Protocol, TypeVar

from orchestra.gateway.calls import Cost, ModelCall, Outcome, Usage
from orchestra.gateway.routing.breaker import Breakers
from orchestra.shared.metrics import Metrics

_KINDS = ("input", "cached", "cache_written", "output", "reasoning")
_Metric = TypeVar("_Metric")
_Child_co = TypeVar("_Child_co", covariant=True)


class _Labelled(Protocol[_Child_co]):
    """A metric with labels."""

    def labels(self, *values: str) -> _Child_co: ...


class Counters:
    """Counts what came of each call."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._calls = _kept(metrics.gateway_calls)
        self._attempts = _kept(metrics.gateway_attempts)
        self._tokens = _kept(metrics.gateway_tokens)
        self._dollars = _kept(metrics.gateway_dollars)
        self._seconds = _kept(metrics.gateway_call_seconds)
        self._first_token = _kept(metrics.gateway_first_token_seconds)

    def watch(self, breakers: Breakers, providers: list[str]) -> None:
        """Show how many models of each provider are left alone; looked up when it is asked for."""
        for provider in providers:
            gauge = self._metrics.gateway_breakers_open.labels(provider)
            gauge.set_function(partial(_open, breakers, provider))

    def settled(self, call: ModelCall, outcome: Outcome, cost: Cost) -> None:
        """A call has ended."""
        self._calls(call.endpoint, result_of(outcome), outcome.cache or "miss").inc()
        self._seconds(call.endpoint).observe(outcome.seconds)
        for attempt in outcome.attempts:
            self._attempts(attempt.provider, attempt.error or "ok").inc()
        provider = outcome.provider
        if provider is None:
            return
        if outcome.usage is not None:
            self._used(provider, outcome.usage)
        if cost.nano:
            self._dollars(provider, cost.source).inc(cost.nano / 1e9)
        if outcome.first_token_seconds is not None:
            self._first_token(provider).observe(outcome.first_token_seconds)

    def _used(self, provider: str, usage: Usage) -> None:
        for kind in _KINDS:
            count = getattr(usage, kind)
            if count:
                self._tokens(provider, kind).inc(count)


def result_of(outcome: Outcome) -> str:
    """What came of a call, in a word."""
    if outcome.finish == "cancelled":
        return "cancelled"
    if outcome.status == 0:
        return "failed"
    if outcome.status >= 400:
        return "refused"
    return "broken" if outcome.finish == "error" else "answered"


def _open(breakers: Breakers, provider: str) -> float:
    health = breakers.health()
    return 1.0 * sum(one.provider == provider and one.state != "closed" for one in health)


def _kept(metric: _Labelled[_Metric]) -> Callable[..., _Metric]:
    """Looks a combination of labels up once; Prometheus' own way takes a lock each time."""
    found: dict[tuple[str, ...], _Metric] = {}

    def child(*values: str) -> _Metric:
        one = found.get(values)
        if one is None:
            one = found[values] = metric.labels(*values)
        return one

    return child
