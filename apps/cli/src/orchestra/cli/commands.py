"""The commands by name; a command's module is loaded when it is asked for, and no other."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command_from_info, get_group_from_info
from typer.models import CommandInfo, TyperInfo

PLACES = {
    "up": "up:up",
    "down": "up:down",
    "status": "status:status",
    "doctor": "status:doctor",
    "connect": "connect:connect",
    "search": "search:search",
    "pack": "search:pack",
    "login": "keys:login",
    "mcp": "mcp:mcp",
    "context": "context:app",
    "memory": "memory:app",
    "agents": "agents:app",
    "approvals": "approvals:app",
    "audit": "audit:app",
    "tasks": "tasks:app",
    "handoff": "handoff:app",
    "gateway": "gateway:app",
    "keys": "keys:app",
    "db": "database:app",
    "bench": "bench:app",
}
"""Where each is: a module of `orchestra.cli`, and the function or the group in it."""


class _Loading(Mapping[str, Any]):
    """The commands as the library wants them, each loaded when it is looked up."""

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - the library does not export the type
        module, _, attribute = PLACES[name].partition(":")
        found = getattr(import_module(f"orchestra.cli.{module}"), attribute)
        if not isinstance(found, typer.Typer):
            info = CommandInfo(name, callback=found)
            return get_command_from_info(info, pretty_exceptions_short=True, rich_markup_mode=None)
        return get_group_from_info(
            TyperInfo(found, name=name),
            pretty_exceptions_short=True,
            rich_markup_mode=None,
            suggest_commands=True,
        )

    def __iter__(self) -> Iterator[str]:
        return iter(PLACES)

    def __len__(self) -> int:
        return len(PLACES)


class Commands(TyperGroup):
    """The first level. Loading everything would take most of the time of a short command."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - the library's
        super().__init__(*args, **kwargs)
        self.commands = _Loading()  # type: ignore[assignment]  # it is never written to
