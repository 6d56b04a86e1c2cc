"""Commands of a shell: which of them change the world, and the permission that each needs."""

from orchestra.coordination.commands.acts import Judged, Need, judge
from orchestra.coordination.commands.known import KnownCommand, known_commands

__all__ = ["Judged", "KnownCommand", "Need", "judge", "known_commands"]
