"""How much memory holds, and how fast it may be filled."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Limits:
    """What one workspace bears."""

    text: int = 4096
    """Bytes of a note, as UTF-8."""
    notes: int = 10_000
    """Notes that are kept, with those that are superseded or expired."""
    private: int = 1_000
    """Of them, in the private scope of one principal."""
    per_minute: int = 60
    """Notes that one principal may write in a minute."""
    tags: int = 10
    paths: int = 20
    longest_life: timedelta = timedelta(days=3650)
    undo: timedelta = timedelta(days=30)
    """How long a forgotten note can be restored."""
    forgotten: int = 2_000
    """Forgotten notes that are kept, the latest."""
