"""One door to every model: routing, cache and cost, with Portkey as the provider layer."""

from pathlib import Path

MIGRATIONS = Path(__file__).parent / "migrations"
"""The folder of this package's schema migrations."""

__all__ = ["MIGRATIONS"]
