"""What an agent's hook says, in the words of all agents."""

from dataclasses import dataclass
from typing import Literal, get_args

Brand = Literal["claude", "codex", "cursor", "factory"]
"""The agents that have hooks."""
BRANDS: tuple[Brand, ...] = get_args(Brand)

Moment = Literal["started", "prompt", "before", "after", "stopped"]
"""Where in its work the agent is."""

LONGEST_SESSION = 200
"""Characters of `<brand>/<session>`."""


@dataclass(frozen=True, slots=True)
class Work:
    """One thing that an agent did. `text` is the prompt, the command, or the tool."""

    kind: Literal["started", "prompt", "command", "edit", "test", "stopped"]
    text: str
    paths: tuple[str, ...] = ()
    exit_code: int | None = None


@dataclass(frozen=True, slots=True)
class HookEvent:
    """One event of a hook.

    `command` is a shell's, `paths` are the files that an edit writes, as the agent names them, and
    `folder` is where it stands. `outside` says what it read that strangers may have written.
    """

    name: str
    moment: Moment
    session: str
    folder: str = ""
    prompt: str = ""
    tool: str = ""
    command: str | None = None
    paths: tuple[str, ...] = ()
    content: str = ""
    exit_code: int | None = None
    outside: str | None = None
