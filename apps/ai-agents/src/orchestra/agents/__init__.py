"""Agent drivers and autonomous runs."""

__all__: list[str] = []
