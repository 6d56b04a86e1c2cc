"""What is measured is rendered under the names that dashboards rely on."""

from orchestra.shared.metrics import Metrics
from prometheus_client.parser import text_string_to_metric_families


def samples(metrics: Metrics) -> dict[tuple[str, tuple[str, ...]], float]:
    families = text_string_to_metric_families(metrics.render().decode())
    return {
        (s.name, tuple(s.labels[k] for k in sorted(s.labels))): s.value
        for f in families
        for s in f.samples
    }


def test_each_metric_is_rendered_under_its_public_name() -> None:
    metrics = Metrics()
    metrics.events_appended.inc(3)
    metrics.context_deltas.labels("codebase_state").inc()
    metrics.stream_subscribers.set(2)
    metrics.http_requests.labels("GET", "/api/v1/context", "200").inc()
    metrics.http_request_seconds.labels("/api/v1/context").observe(0.004)
    metrics.collector_seconds.labels("ci_runs").observe(0.3)
    metrics.collector_failures.labels("ci_runs").inc()
    metrics.mcp_calls.labels("context_get", "ok", "2026-07-28").inc()
    metrics.mcp_call_seconds.labels("context_get").observe(0.002)
    seen = samples(metrics)
    assert seen["orchestra_events_appended_total", ()] == 3
    assert seen["orchestra_context_deltas_total", ("codebase_state",)] == 1
    assert seen["orchestra_stream_subscribers", ()] == 2
    assert seen["orchestra_http_requests_total", ("GET", "/api/v1/context", "200")] == 1
    assert seen["orchestra_http_request_seconds_count", ("/api/v1/context",)] == 1
    assert seen["orchestra_collector_seconds_sum", ("ci_runs",)] == 0.3
    assert seen["orchestra_collector_failures_total", ("ci_runs",)] == 1
    assert seen["orchestra_mcp_calls_total", ("ok", "2026-07-28", "context_get")] == 1
    assert seen["orchestra_mcp_call_seconds_count", ("context_get",)] == 1


def test_two_systems_in_one_process_do_not_share_their_metrics() -> None:
    one, other = Metrics(), Metrics()
    one.events_appended.inc()
    assert samples(other)["orchestra_events_appended_total", ()] == 0
