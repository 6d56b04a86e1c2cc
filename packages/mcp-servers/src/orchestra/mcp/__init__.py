"""Thin, governed MCP servers over the packages."""

from orchestra.mcp.approvals import ApprovalsPart
from orchestra.mcp.context import ContextPart, ContextSource
from orchestra.mcp.endpoints import Limits, McpEndpoints
from orchestra.mcp.handoff import HandoffPart
from orchestra.mcp.memory import MemoryPart
from orchestra.mcp.metrics import ProcessMetrics, ToolCall, ToolMetrics
from orchestra.mcp.part import Part

__all__ = [
    "ApprovalsPart",
    "ContextPart",
    "ContextSource",
    "HandoffPart",
    "Limits",
    "McpEndpoints",
    "MemoryPart",
    "Part",
    "ProcessMetrics",
    "ToolCall",
    "ToolMetrics",
]
