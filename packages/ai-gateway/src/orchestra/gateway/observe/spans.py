"""Calls as spans of OpenTelemetry; made when a call has ended, and without a word of what was said."""

import time

from opentelemetry import trace
from opentelemetry.propagate import extract
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.util.types import AttributeValue
from orchestra.gateway.calls import Cost, Endpoint, ModelCall, Outcome, Usage
from orchestra.gateway.observe import conventions as names
from orchestra.gateway.observe.counters import result_of

_OPERATIONS: dict[Endpoint, str] = {
    "chat": "chat",
    "responses": "chat",
    "messages": "chat",
    "embeddings": "embeddings",
}
_GOOD = ("answered", "cancelled")
_LONGEST = 200  # characters of a name that a client wrote


def is_collected() -> bool:
    """Whether this process was given somewhere to send spans to; by default it was not."""
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


class Spans:
    """One span for each call, below the one that the client names in `traceparent`."""

    def __init__(self) -> None:
        self._tracer = trace.get_tracer("orchestra.gateway")

    def settled(self, call: ModelCall, outcome: Outcome, cost: Cost) -> None:
        """A call has ended."""
        operation = _OPERATIONS.get(call.endpoint)
        if operation is None:  # counting tokens asks no model
            return
        model = outcome.model or call.model[:_LONGEST]
        ended = time.time_ns()
        began = ended - round(outcome.seconds * 1e9)
        span = self._tracer.start_span(
            f"{operation} {model}",
            context=extract(call.headers),
            kind=SpanKind.CLIENT,
            attributes={names.OPERATION: operation, **_asked(call), **_answered(outcome, cost)},
            start_time=began,
        )
        if span.is_recording():
            _attempts(span, outcome, began)
        if result_of(outcome) not in _GOOD:
            span.set_status(StatusCode.ERROR)
        span.end(ended)


def _asked(call: ModelCall) -> dict[str, AttributeValue]:
    found: dict[str, AttributeValue] = {
        names.REQUEST_MODEL: call.model[:_LONGEST],
        names.REQUEST_ID: call.id,
        names.REQUEST_STREAM: call.stream,
    }
    if call.max_tokens is not None:
        found[names.REQUEST_MAX_TOKENS] = call.max_tokens
    if call.temperature is not None:
        found[names.REQUEST_TEMPERATURE] = call.temperature
    if call.choices != 1:
        found[names.REQUEST_CHOICES] = call.choices
    if call.session is not None:
        found[names.CONVERSATION] = call.session[:_LONGEST]
    return found


def _answered(outcome: Outcome, cost: Cost) -> dict[str, AttributeValue]:
    result = result_of(outcome)
    found: dict[str, AttributeValue] = {
        names.CACHE: outcome.cache or "miss",
        names.COST_SOURCE: cost.source,
        names.FINISH_REASONS: [outcome.finish],
    }
    if outcome.provider is not None and outcome.model is not None:
        found |= {names.PROVIDER: outcome.provider, names.RESPONSE_MODEL: outcome.model}
    if outcome.route is not None:
        found[names.ROUTE] = outcome.route
    if cost.nano is not None:
        found[names.COST] = cost.nano
    if outcome.first_token_seconds is not None:
        found[names.FIRST_TOKEN] = outcome.first_token_seconds
    if outcome.usage is not None:
        found |= _used(outcome.usage)
    if result != "answered":
        last = outcome.attempts[-1].error if outcome.attempts else None
        found[names.ERROR] = outcome.detail.get("error") or last or result
    return found


def _used(usage: Usage) -> dict[str, AttributeValue]:
    return {
        names.INPUT_TOKENS: usage.input,
        names.OUTPUT_TOKENS: usage.output,
        names.CACHE_READ_TOKENS: usage.cached,
        names.CACHE_WRITTEN_TOKENS: usage.cache_written,
        names.REASONING_TOKENS: usage.reasoning,
    }


def _attempts(span: Span, outcome: Outcome, began: int) -> None:
    """Each attempt as an event; they come one after the other."""
    at = began
    for attempt in outcome.attempts:
        at += round(attempt.seconds * 1e9)
        told: dict[str, AttributeValue] = {
            names.PROVIDER: attempt.provider,
            names.REQUEST_MODEL: attempt.model,
            names.ATTEMPT_SECONDS: attempt.seconds,
        }
        if attempt.status is not None:
            told[names.ATTEMPT_STATUS] = attempt.status
        if attempt.error is not None:
            told[names.ERROR] = attempt.error
        span.add_event(names.ATTEMPT, told, timestamp=at)
