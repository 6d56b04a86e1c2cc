"""Thin, governed MCP servers over the packages."""

__all__: list[str] = []
