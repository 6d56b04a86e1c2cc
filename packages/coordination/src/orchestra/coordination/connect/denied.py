"""The commands that no agent of the repository may run: the second wall, in each agent's own rules."""

from orchestra.coordination.commands import KnownCommand, known_commands
from orchestra.coordination.connect.source import Source

_EVERYDAY = {"git:push", "database:write", "machine:write"}
"""Needed by work on one's own branch, database and machine, too. Whether a call is such work, only the
hook can tell, which reads the whole of it."""


def denied(source: Source) -> list[KnownCommand]:
    """The known commands whose permission no spec has; none where there is no spec at all.

    The files of one agent hold for every agent that runs in it, so a command stays open here as
    soon as one of them may run it. Which one may is decided by the hook and the server.
    """
    if not source.agents:
        return []
    open_to_some = source.permissions | _EVERYDAY
    return [command for command in known_commands() if command.permission not in open_to_some]
