"""Tasks and hand-offs over MCP."""

from orchestra.mcp.handoff.part import HandoffPart

__all__ = ["HandoffPart"]
