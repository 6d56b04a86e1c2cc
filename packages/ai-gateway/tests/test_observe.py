"""What an operator sees of a call: counters with few labels, and spans where they are collected."""

import re
import time

import pytest
from msgspec.structs import replace
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
from orchestra.gateway.calls import Attempt, ModelCall, Outcome, Reservation, Usage
from orchestra.gateway.config.sections import BreakerSection
from orchestra.gateway.observe import Counters, Observed, conventions, observed
from orchestra.gateway.observe.spans import Spans
from orchestra.gateway.ports import NoAccounts
from orchestra.gateway.routing.breaker import Breakers
from orchestra.gateway.routing.failures import Fault
from orchestra.gateway.routing.target import Target
from orchestra.shared.identity import Caller
from orchestra.shared.metrics import Metrics

CALLER = Caller("prn_1", "Ada", "agent", "key_1", frozenset({"models:use"}), None)
CALL = ModelCall(
    id="req_1",
    caller=CALLER,
    endpoint="messages",
    model="auto",
    body=b'{"messages": "my secret"}',
    headers={"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
    stream=True,
    max_tokens=64,
    temperature=0.5,
    session="s-1",
)
ANSWERED = Outcome(
    provider="spare",
    model="claude-sonnet-5",
    status=200,
    finish="stop",
    usage=Usage(input=100, cached=60, cache_written=10, output=20, reasoning=5, cost=2_500_000_000),
    attempts=(
        Attempt("main", "gpt-5.5", 503, "unavailable", 0.5),
        Attempt("spare", "claude-sonnet-5", 200, None, 1.0),
    ),
    route="default",
    seconds=2.0,
    first_token_seconds=1.25,
)
FAILED = Outcome(None, None, 0, "error", None, (Attempt("main", "m", 503, "unavailable", 0.1),))


async def settled(watcher: Counters | Spans, *outcomes: Outcome) -> None:
    accounts = Observed(NoAccounts(), [watcher])
    for outcome in outcomes:
        accounts.settle(await accounts.reserve(CALL, []), CALL, outcome)


@pytest.mark.requirement("obs.metrics")
async def test_a_call_is_counted_by_door_provider_and_what_came_of_it() -> None:
    metrics = Metrics()

    await settled(
        Counters(metrics),
        ANSWERED,
        replace(ANSWERED, cache="exact", attempts=(), usage=None, first_token_seconds=None),
        replace(ANSWERED, finish="cancelled", usage=None),
        replace(ANSWERED, finish="error", usage=None),
        replace(ANSWERED, status=400, finish="error", usage=None),
        FAILED,
    )

    text = metrics.render().decode()
    rows = dict(re.findall(r"^orchestra_gateway_([a-z_]+\{.*\}) (\S+)$", text, re.MULTILINE))
    called = {k: v for k, v in rows.items() if k.startswith("calls_total")}
    assert called == {
        'calls_total{cache="miss",door="messages",result="answered"}': "1.0",
        'calls_total{cache="exact",door="messages",result="answered"}': "1.0",
        'calls_total{cache="miss",door="messages",result="cancelled"}': "1.0",
        'calls_total{cache="miss",door="messages",result="broken"}': "1.0",
        'calls_total{cache="miss",door="messages",result="refused"}': "1.0",
        'calls_total{cache="miss",door="messages",result="failed"}': "1.0",
    }
    assert rows['attempts_total{provider="main",result="unavailable"}'] == "5.0"
    assert rows['attempts_total{provider="spare",result="ok"}'] == "4.0"
    tokens = {k: v for k, v in rows.items() if k.startswith("tokens_total")}
    assert tokens == {
        'tokens_total{kind="input",provider="spare"}': "100.0",
        'tokens_total{kind="cached",provider="spare"}': "60.0",
        'tokens_total{kind="cache_written",provider="spare"}': "10.0",
        'tokens_total{kind="output",provider="spare"}': "20.0",
        'tokens_total{kind="reasoning",provider="spare"}': "5.0",
    }
    assert rows['dollars_total{provider="spare",source="provider"}'] == "2.5"
    assert rows['first_token_seconds_sum{provider="spare"}'] == "5.0"
    assert rows['call_seconds_count{door="messages"}'] == "6.0"


@pytest.mark.requirement("obs.metrics")
def test_a_breaker_that_opens_is_seen_at_the_next_look() -> None:
    metrics = Metrics()
    breakers = Breakers(BreakerSection(failures=1), time.monotonic)
    Counters(metrics).watch(breakers, ["main", "spare"])

    breakers.of(Target("main", "m")).fail(Fault("unavailable"))

    text = metrics.render().decode()
    assert 'orchestra_gateway_breakers_open{provider="main"} 1.0' in text
    assert 'orchestra_gateway_breakers_open{provider="spare"} 0.0' in text


def test_no_label_holds_what_a_client_or_a_model_wrote() -> None:
    metrics = Metrics()
    counters = Counters(metrics)

    for n in range(50):
        call = replace(CALL, model=f"model-{n}", session=f"s-{n}")
        counters.settled(call, replace(ANSWERED, model=f"model-{n}"), NoAccounts().settle(
            Reservation(), call, ANSWERED))  # fmt: skip

    rows = [row for row in metrics.render().decode().splitlines() if "orchestra_gateway" in row]
    assert len(rows) < 150
    assert not any("model-" in row or "s-1" in row for row in rows)


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Where spans go to in this test: OpenTelemetry takes its provider once in a process."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    return exporter


async def test_a_call_is_one_span_below_that_of_its_client(spans: InMemorySpanExporter) -> None:
    (watcher,) = observed.collected_spans()
    assert isinstance(watcher, Spans)

    await settled(watcher, ANSWERED)

    (span,) = spans.get_finished_spans()
    assert span.name == "chat claude-sonnet-5"
    assert span.parent is not None
    assert f"{span.parent.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert span.end_time is not None
    assert span.start_time is not None
    assert span.end_time - span.start_time == 2_000_000_000
    assert dict(span.attributes or {}) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "auto",
        "gen_ai.request.stream": True,
        "gen_ai.request.max_tokens": 64,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.conversation.id": "s-1",
        "gen_ai.provider.name": "spare",
        "gen_ai.response.model": "claude-sonnet-5",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.response.time_to_first_chunk": 1.25,
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 20,
        "gen_ai.usage.cache_read.input_tokens": 60,
        "gen_ai.usage.cache_creation.input_tokens": 10,
        "gen_ai.usage.reasoning.output_tokens": 5,
        "orchestra.request_id": "req_1",
        "orchestra.route": "default",
        "orchestra.cache": "miss",
        "orchestra.cost_nano_dollars": 2_500_000_000,
        "orchestra.cost_source": "provider",
    }
    told = [
        (event.name, dict(event.attributes or {})["gen_ai.provider.name"]) for event in span.events
    ]
    assert told == [("orchestra.attempt", "main"), ("orchestra.attempt", "spare")]
    assert "my secret" not in span.to_json()


async def test_a_call_that_nobody_answered_is_a_span_with_its_failure(
    spans: InMemorySpanExporter,
) -> None:
    await settled(Spans(), FAILED)

    (span,) = spans.get_finished_spans()
    assert not span.status.is_ok
    assert (span.attributes or {})["error.type"] == "unavailable"


def test_without_a_place_to_send_them_no_spans_are_made() -> None:
    assert observed.collected_spans() == []


def test_the_names_are_those_of_opentelemetry() -> None:
    known = {v for k, v in vars(gen_ai_attributes).items() if k.startswith("GEN_AI")}
    ours = {v for k, v in vars(conventions).items() if k.isupper()}

    assert {name for name in ours if name.startswith("gen_ai.")} <= known
