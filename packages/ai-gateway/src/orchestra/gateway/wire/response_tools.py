"""The tools of a response's request, as the functions of a chat."""

from collections.abc import Iterator

from orchestra.gateway.wire.fields import Dropped, a_text, kind_of, objects
from orchestra.gateway.wire.response_items import Kind, OfferedTool
from orchestra.shared.json import JsonObject, JsonValue

_KINDS: dict[str, Kind] = {
    "function": "function",
    "custom": "custom",
    "tool_search": "tool_search",
}
_TEXT: JsonObject = {
    "type": "object",
    "properties": {"input": {"type": "string", "description": "The whole text."}},
    "required": ["input"],
    "additionalProperties": False,
}


def chat_name(name: str, namespace: str) -> str:
    """The one name that a chat has for a tool in a namespace."""
    return f"{namespace.rstrip('_')}__{name}" if namespace else name


def offer(asked: JsonObject, offered: dict[str, OfferedTool], dropped: Dropped) -> list[JsonValue]:
    """The tools of the request and those that a search has found since; `offered` gets each.

    Tools that OpenAI runs are left out: the model answers without them.
    """
    tools: list[JsonValue] = []
    for path, namespace, tool in _all(asked):
        kind = kind_of(tool, path)
        if kind not in _KINDS:
            dropped.add(f"{path} of type {kind[:40]}")
            continue
        name = a_text(tool.get("name") or kind, f"{path}.name")
        full = chat_name(name, namespace)
        if full not in offered:
            offered[full] = OfferedTool(_KINDS[kind], name, namespace)
            tools.append({"type": "function", "function": _function(full, kind, tool)})
        if tool.get("format") is not None:
            dropped.add(f"{path}.format", "told in the description")
    return tools


def _all(asked: JsonObject) -> Iterator[tuple[str, str, JsonObject]]:
    yield from listed(asked.get("tools"), "tools")
    given = asked.get("input")
    for path, item in objects(given if isinstance(given, list) else None, "input"):
        if item.get("type") == "tool_search_output":
            yield from listed(item.get("tools"), f"{path}.tools")


def listed(tools: JsonValue, path: str) -> Iterator[tuple[str, str, JsonObject]]:
    """Each tool of a list with its path and namespace, those inside of namespaces too."""
    for where, tool in objects(tools, path):
        if tool.get("type") == "namespace":
            namespace = a_text(tool.get("name"), f"{where}.name")
            for inner, one in objects(tool.get("tools"), f"{where}.tools"):
                yield inner, namespace, one
        else:
            yield where, "", tool


def _function(name: str, kind: str, tool: JsonObject) -> JsonObject:
    function: JsonObject = {"name": name}
    description = tool.get("description")
    form = tool.get("format")
    if isinstance(form, dict) and isinstance(form.get("definition"), str):
        syntax, definition = form.get("syntax"), form["definition"]
        description = f"{description or ''}\nThe text follows this {syntax} grammar:\n{definition}"
    if description:
        function["description"] = description
    if kind == "custom":
        return function | {"parameters": _TEXT}
    empty: JsonObject = {"type": "object", "properties": {}}
    function["parameters"] = tool.get("parameters") or empty
    if tool.get("strict") is not None:
        function["strict"] = tool["strict"]
    return function
