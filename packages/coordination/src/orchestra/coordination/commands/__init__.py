"""Commands of a shell: which of them change the world, and the permission that each needs."""

from orchestra.coordination.commands.known import KnownCommand, known_commands

__all__ = ["KnownCommand", "known_commands"]
