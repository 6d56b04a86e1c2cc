"""Thin, governed MCP servers over the packages."""

from orchestra.mcp.context import ContextPart, ContextSource
from orchestra.mcp.endpoints import Limits, McpEndpoints
from orchestra.mcp.metrics import ProcessMetrics, ToolCall, ToolMetrics
from orchestra.mcp.part import Part

__all__ = [
    "ContextPart",
    "ContextSource",
    "Limits",
    "McpEndpoints",
    "Part",
    "ProcessMetrics",
    "ToolCall",
    "ToolMetrics",
]
