"""Marks of what Anthropic should keep of a request until the next one, where the client knows none."""

from collections.abc import Iterator

from orchestra.shared.json import JsonObject, JsonValue

_MARK: JsonObject = {"type": "ephemeral"}
_MARKED = ("text", "image", "document", "tool_use", "tool_result")


def marked(request: JsonObject) -> JsonObject:
    """The request with a mark after its tools and system prompt, and one after its last message.

    Only for requests with tools: they come from agents, whose next request begins with this one, and
    OpenAI would cache that by itself. A client that marks anything knows better.
    """
    if not request.get("tools") or any("cache_control" in block for block in _blocks(request)):
        return request
    system = request.get("system")
    if isinstance(system, list) and system and isinstance(system[-1], dict):
        system[-1]["cache_control"] = _MARK
    last = next(reversed(list(_content(request, -1))), None)
    if last is not None and last.get("type") in _MARKED:
        last["cache_control"] = _MARK
    return request


def _blocks(request: JsonObject) -> Iterator[JsonObject]:
    for name in ("tools", "system"):
        listed = request.get(name)
        for block in listed if isinstance(listed, list) else []:
            if isinstance(block, dict):
                yield block
    messages = request.get("messages")
    for at in range(len(messages) if isinstance(messages, list) else 0):
        yield from _content(request, at)


def _content(request: JsonObject, at: int) -> Iterator[JsonObject]:
    messages = request.get("messages")
    message: JsonValue = messages[at] if isinstance(messages, list) and messages else None
    content = message.get("content") if isinstance(message, dict) else None
    for block in content if isinstance(content, list) else []:
        if isinstance(block, dict):
            yield block
