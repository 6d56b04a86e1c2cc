"""The `orchestra` command: starts the system, and talks to it."""

__all__: list[str] = []
