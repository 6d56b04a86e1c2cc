"""The composition root: HTTP, SSE, the MCP mount and the dashboard's files."""

__all__: list[str] = []
