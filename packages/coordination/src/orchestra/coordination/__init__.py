"""Who may do what and who holds which task: agent specs, permissions, approvals, hand-offs."""

from pathlib import Path

MIGRATIONS = Path(__file__).parent / "migrations"
"""The folder of this package's schema migrations."""

__all__ = ["MIGRATIONS"]
