"""The live state of a repository and its surroundings: collected, versioned, streamed."""

from pathlib import Path

from orchestra.context.cursor import Cursor
from orchestra.context.engine import ContextEngine
from orchestra.context.facts import Collector, Observation, Publish, Status, Topic
from orchestra.context.log import ContextLog, Delta
from orchestra.context.snapshots import Snapshots
from orchestra.context.streamer import AGENTS, TOPICS, ContextStreamer

MIGRATIONS = Path(__file__).parent / "migrations"
"""The folder of this package's schema migrations."""

__all__ = [
    "AGENTS",
    "MIGRATIONS",
    "TOPICS",
    "Collector",
    "ContextEngine",
    "ContextLog",
    "ContextStreamer",
    "Cursor",
    "Delta",
    "Observation",
    "Publish",
    "Snapshots",
    "Status",
    "Topic",
]
