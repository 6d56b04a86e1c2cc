"""What `connect` wants in a file: the whole of it, a block of it, or some of its members."""

from dataclasses import dataclass
from typing import TypeAlias

from orchestra.coordination.connect.json_text import Keys
from orchestra.shared.json import JsonObject, JsonValue

SIGN = "Written by `orchestra connect`"
"""Stands in each file that is ours as a whole, outside `.ai-context/`."""

HOOK = ".ai-context/hooks/orchestra-hook"
"""The entry that every hook calls, from the root of the repository."""


@dataclass(frozen=True, slots=True)
class WholeFile:
    """A file of ours."""

    path: str
    text: str
    executable: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of ours between two markers in somebody's Markdown file."""

    path: str
    text: str
    first: bool = False
    """At the top of the file instead of at its end."""
    unless: str = ""
    """A line that makes the block superfluous when the file has it."""


@dataclass(frozen=True, slots=True)
class JsonMembers:
    """Members, and items of lists, of ours in somebody's JSON file."""

    path: str
    members: tuple[tuple[Keys, JsonValue], ...] = ()
    defaults: tuple[tuple[Keys, JsonValue], ...] = ()
    """Set only where nothing stands, such as the version of the file."""
    items: tuple[tuple[Keys, tuple[JsonValue, ...]], ...] = ()
    lists: tuple[Keys, ...] = ()
    """Lists that have to be there, empty too."""


@dataclass(frozen=True, slots=True)
class TomlTable:
    """A table of ours in somebody's TOML file."""

    path: str
    keys: Keys
    values: JsonObject


Part: TypeAlias = "WholeFile | Block | JsonMembers | TomlTable"


def calls_us(item: JsonValue) -> bool:
    """Whether an entry of a hooks file runs our hook, and nothing but it."""
    if not isinstance(item, dict):
        return False
    handlers = item.get("hooks", [item])
    return (
        isinstance(handlers, list)
        and bool(handlers)
        and all(isinstance(h, dict) and HOOK in str(h.get("command", "")) for h in handlers)
    )
