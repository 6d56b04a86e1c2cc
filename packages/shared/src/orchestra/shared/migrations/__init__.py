"""Schema migrations: applied at start, in order, by one process at a time."""

from orchestra.shared.migrations.migrations import Migrations

__all__ = ["Migrations"]
