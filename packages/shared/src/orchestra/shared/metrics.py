"""What is measured while the system runs, under one set of names, as Prometheus text."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)  # seconds
_CALLS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)  # seconds
_SLOW = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)  # seconds

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""The media type of `Metrics.render()`."""


class Metrics:
    """The counters, gauges and histograms of one process, on a registry of their own.

    Times are in seconds. A label's values are few and known beforehand: a route is its template
    (`/api/v1/context/topics/{topic}`), never the address that was asked for.
    """

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self._registry = registry
        self.events_appended = Counter(
            "orchestra_events_appended", "Events written to the event log", registry=registry
        )
        self.append_seconds = Histogram(
            "orchestra_event_append_seconds",
            "From asking for an event to be appended until it is durable",
            buckets=_FAST,
            registry=registry,
        )
        self.context_deltas = Counter(
            "orchestra_context_deltas", "Changes of the context", ["topic"], registry=registry
        )
        self.stream_subscribers = Gauge(
            "orchestra_stream_subscribers", "Open streams of the context", registry=registry
        )
        self.stream_refetches = Counter(
            "orchestra_stream_refetches",
            "Subscribers that fell behind and were sent a fresh snapshot",
            registry=registry,
        )
        self.http_requests = Counter(
            "orchestra_http_requests",
            "HTTP requests answered",
            ["method", "route", "status"],
            registry=registry,
        )
        self.http_request_seconds = Histogram(
            "orchestra_http_request_seconds",
            "From request to the last byte of the answer, streams left out",
            ["route"],
            buckets=_FAST,
            registry=registry,
        )
        self._context_sources(registry)
        self._tools(registry)
        self._gateway_calls(registry)
        self._gateway_cost(registry)

    def _context_sources(self, registry: CollectorRegistry) -> None:
        self.collector_seconds = Histogram(
            "orchestra_collector_seconds",
            "One look at a source of the context",
            ["topic"],
            buckets=_SLOW,
            registry=registry,
        )
        self.collector_failures = Counter(
            "orchestra_collector_failures",
            "Looks at a source that failed",
            ["topic"],
            registry=registry,
        )
        self.webhook_deliveries = Counter(
            "orchestra_webhook_deliveries",
            "Attempts to deliver to a webhook",
            ["outcome"],
            registry=registry,
        )

    def _tools(self, registry: CollectorRegistry) -> None:
        self.mcp_calls = Counter(
            "orchestra_mcp_calls",
            "Tools called over MCP",
            ["tool", "outcome", "protocol"],
            registry=registry,
        )
        self.mcp_call_seconds = Histogram(
            "orchestra_mcp_call_seconds",
            "One call of a tool over MCP",
            ["tool"],
            buckets=_FAST,
            registry=registry,
        )

        self.hook_events = Counter(
            "orchestra_hook_events",
            "Hooks of agents answered",
            ["brand", "moment"],
            registry=registry,
        )
        self.hook_seconds = Histogram(
            "orchestra_hook_seconds",
            "One answer to a hook",
            ["brand"],
            buckets=_FAST,
            registry=registry,
        )

    def _gateway_calls(self, registry: CollectorRegistry) -> None:
        self.gateway_calls = Counter(
            "orchestra_gateway_calls",
            "Calls of models, by the door they came through and what came of them",
            ["door", "result", "cache"],
            registry=registry,
        )
        self.gateway_attempts = Counter(
            "orchestra_gateway_attempts",
            "Attempts at providers: `ok`, or the class of the failure",
            ["provider", "result"],
            registry=registry,
        )
        self.gateway_tokens = Counter(
            "orchestra_gateway_tokens",
            "Tokens that providers counted; `cached` and `cache_written` are part of `input`, "
            "`reasoning` of `output`",
            ["provider", "kind"],
            registry=registry,
        )
        self.gateway_dollars = Counter(
            "orchestra_gateway_dollars",
            "What calls took, by where the figure comes from",
            ["provider", "source"],
            registry=registry,
        )
        self.gateway_call_seconds = Histogram(
            "orchestra_gateway_call_seconds",
            "From a call to the end of its answer",
            ["door"],
            buckets=_CALLS,
            registry=registry,
        )
        self.gateway_first_token_seconds = Histogram(
            "orchestra_gateway_first_token_seconds",
            "From a call to the first token of a streamed answer",
            ["provider"],
            buckets=_CALLS,
            registry=registry,
        )
        self.gateway_breakers_open = Gauge(
            "orchestra_gateway_breakers_open",
            "Models of a provider that are left alone for a while, as they failed too often",
            ["provider"],
            registry=registry,
        )

    def _gateway_cost(self, registry: CollectorRegistry) -> None:
        self.gateway_calls_booked = Counter(
            "orchestra_gateway_calls_booked", "Calls of models in the ledger", registry=registry
        )
        self.gateway_ledger_waiting = Gauge(
            "orchestra_gateway_ledger_waiting",
            "Calls of models that wait to be written into the ledger",
            registry=registry,
        )
        self.gateway_refusals = Counter(
            "orchestra_gateway_refusals",
            "Calls of models refused for the sake of money or rate",
            ["why"],
            registry=registry,
        )
        self.gateway_unpriced = Counter(
            "orchestra_gateway_unpriced",
            "Calls of models whose price is unknown",
            registry=registry,
        )

    def render(self) -> bytes:
        """Everything measured so far, in the text format of `CONTENT_TYPE`."""
        return generate_latest(self._registry)
