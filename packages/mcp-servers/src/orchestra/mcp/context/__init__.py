"""The live context over MCP: read it, wait for it, be told when it changes."""

from orchestra.mcp.context.part import ContextPart
from orchestra.mcp.context.source import ContextSource

__all__ = ["ContextPart", "ContextSource"]
