"""Notes over MCP: save what the next one should know, find what others knew."""

from orchestra.mcp.memory.part import MemoryPart, Notebook

__all__ = ["MemoryPart", "Notebook"]
