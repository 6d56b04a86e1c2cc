"""What is measured of each tool call, and the port through which it is reported."""

from dataclasses import dataclass
from typing import Literal, Protocol

from orchestra.shared.metrics import Metrics

Outcome = Literal["ok", "refused", "crashed"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a tool: by whom, how it ended, how long it took in seconds, and in which protocol."""

    tool: str
    agent: str
    outcome: Outcome
    seconds: float
    protocol: str
    """The version of MCP that was agreed on."""


class ToolMetrics(Protocol):
    """Whoever wants to know of tool calls."""

    def called(self, call: ToolCall) -> None:
        """A call has ended."""


class ProcessMetrics:
    """Tool calls in the metrics of this process."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def called(self, call: ToolCall) -> None:
        """Count the call, and its time."""
        self._metrics.mcp_calls.labels(call.tool, call.outcome, call.protocol).inc()
        self._metrics.mcp_call_seconds.labels(call.tool).observe(call.seconds)
