"""What a scripted model does when it is asked: it says something, or calls one of the tools offered."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from orchestra.agents.testing.asked import Tool
from orchestra.shared.json import JsonObject, JsonValue

_SHELLS = ("Bash", "Execute", "shell", "shell_command", "exec_command", "local_shell")
_SEARCHES = ("ToolSearch", "tool_search")
_HARMLESS: dict[str, JsonValue] = {"boolean": False, "integer": 1, "number": 1, "array": [],
                                   "object": {}}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Say:
    """Ends the model's turn with a text."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """Calls the first tool that `fits`, with what `arguments` makes of its schema."""

    what: str
    """For people; also what is searched for where tools are offered only after a search."""
    fits: Callable[[Tool], bool]
    arguments: Callable[[Tool], JsonObject]


Move: TypeAlias = Say | Call


@dataclass(frozen=True, slots=True)
class Turn:
    """One answer; `meanwhile` is awaited before it is given: what happens while the model thinks."""

    move: Move
    meanwhile: Callable[[], Awaitable[None]] | None = None


def find_tool(call: Call) -> Call:
    """Ask the agent's search of tools for the one that a call wants."""

    def arguments(tool: Tool) -> JsonObject:
        return filled(tool, {"query": call.what})

    return Call(f"search: {call.what}", lambda tool: tool.name in _SEARCHES, arguments)


def shell(command: str) -> Call:
    """Run a command in the agent's own shell tool, whatever it is called there."""

    def arguments(tool: Tool) -> JsonObject:
        fields = _fields(tool)
        name = next((n for n in ("command", "cmd") if n in fields), "command")
        listed = fields.get(name, {}).get("type") == "array"
        return filled(tool, {name: ["bash", "-c", command] if listed else command})

    return Call(f"shell: {command}", lambda tool: tool.name in _SHELLS, arguments)


def edit(path: str, text: str) -> Call:
    """Write a whole file with the agent's own tool: one for files, or a patch."""

    def fits(tool: Tool) -> bool:
        return tool.name in ("Write", "Create", "apply_patch")

    def arguments(tool: Tool) -> JsonObject:
        if tool.name != "apply_patch":
            return filled(tool, {"file_path": path, "content": text})
        lines = "".join(f"+{line}\n" for line in text.splitlines())
        return {"input": f"*** Begin Patch\n*** Add File: {path}\n{lines}*** End Patch\n"}

    return Call(f"edit: {path}", fits, arguments)


def mcp(server: str, name: str, arguments: "JsonObject | None" = None) -> Call:
    """Call a tool of an MCP server: `mcp__server__name` or `server___name`."""
    pattern = re.compile(rf"(mcp__)?{re.escape(server)}_{{2,3}}{re.escape(name)}")

    def fits(tool: Tool) -> bool:
        return bool(pattern.fullmatch(tool.full_name))

    return Call(f"{server} {name}", fits, lambda _tool: dict(arguments or {}))


def filled(tool: Tool, known: JsonObject) -> JsonObject:
    """The arguments, and something harmless for whatever else the schema requires."""
    fields = _fields(tool)
    required = tool.schema.get("required")
    missing = [n for n in required if n not in known] if isinstance(required, list) else []
    return {str(n): _something(fields.get(str(n), {})) for n in missing} | known


def _something(schema: JsonObject) -> JsonValue:
    choices = schema.get("enum")
    if isinstance(choices, list) and choices:
        return choices[0]
    return _HARMLESS.get(str(schema.get("type")), "as told")


def _fields(tool: Tool) -> dict[str, JsonObject]:
    properties = tool.schema.get("properties")
    if not isinstance(properties, dict):
        return {}
    return {name: one for name, one in properties.items() if isinstance(one, dict)}
