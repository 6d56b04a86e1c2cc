"""The commands that no agent of the repository may run: the second wall, in each agent's own rules."""

from orchestra.coordination.commands import KnownCommand, known_commands
from orchestra.coordination.connect.source import Source


def denied(source: Source) -> list[KnownCommand]:
    """The known commands whose permission no spec has; none where there is no spec at all.

    The files of one agent hold for every agent that runs in it, so a command stays open here as
    soon as one of them may run it. Which one may is decided by the hook and the server.
    """
    if not source.agents:
        return []
    return [command for command in known_commands() if command.permission not in source.permissions]
