"""OpenAI's Responses (`POST /v1/responses`), as Codex speaks it."""

from collections.abc import Iterator, Mapping
from typing import Literal

from orchestra.agents.testing.asked import Asked, Tool, joined, objects, texts
from orchestra.agents.testing.protocol import Protocol, Said, event_stream
from orchestra.shared.json import JsonObject
from orchestra.shared.testing.http_service import Reply

_KINDS: Mapping[str, Literal["function", "custom", "tool_search"]] = {
    "function": "function",
    "custom": "custom",
    "tool_search": "tool_search",
}


def _read(path: str, body: JsonObject) -> Asked:
    items = objects(body.get("input"))
    results = tuple(
        joined(texts(item.get("output")))
        for item in items
        if str(item.get("type")).endswith("_output")
    )
    shown = (*texts(body.get("instructions")), *texts(body.get("input")))
    return Asked(path, tuple(_tools(body)), shown, results, body)


def _tools(body: JsonObject) -> Iterator[Tool]:
    """The tools of the request, and those that a search of tools has brought since."""
    found = [*objects(body.get("tools"))]
    for item in objects(body.get("input")):
        found += objects(item.get("tools"))
    for tool in found:
        if tool.get("type") == "namespace":
            for inner in objects(tool.get("tools")):
                yield _tool(inner, str(tool.get("name", "")))
        elif "name" in tool or tool.get("type") == "tool_search":
            yield _tool(tool, "")


def _tool(tool: JsonObject, namespace: str) -> Tool:
    schema = tool.get("parameters")
    schema = schema if isinstance(schema, dict) else {}
    kind = _KINDS.get(str(tool.get("type")), "function")
    return Tool(str(tool.get("name", kind)), schema, namespace, kind)


def _write(body: JsonObject, said: Said) -> Reply:
    item = _item(said)
    response: JsonObject = {
        "id": f"resp_{said.number:08}",
        "object": "response",
        "created_at": 0,
        "model": body.get("model"),
        "status": "completed",
        "output": [item],
        "usage": {
            "input_tokens": 100,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 10,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 110,
        },
    }
    if not body.get("stream"):
        return Reply(response)
    begun: JsonObject = {**response, "status": "in_progress", "output": [], "usage": None}
    return event_stream(
        [
            {"type": "response.created", "response": begun},
            {"type": "response.output_item.added", "output_index": 0, "item": item},
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            {"type": "response.completed", "response": response},
        ]
    )


def _item(said: Said) -> JsonObject:
    if said.tool is None:
        content: JsonObject = {"type": "output_text", "text": said.text, "annotations": []}
        return {
            "type": "message",
            "id": f"msg_{said.number:08}",
            "role": "assistant",
            "status": "completed",
            "content": [content],
        }
    call: JsonObject = {
        "type": f"{said.tool.kind}_call" if said.tool.kind != "custom" else "custom_tool_call",
        "id": f"fc_{said.number:08}",
        "call_id": f"call_{said.number:08}",
        "status": "completed",
    }
    if said.tool.kind == "tool_search":
        return call | {"execution": "client", "arguments": said.arguments}
    call["name"] = said.tool.name
    if said.tool.namespace:
        call["namespace"] = said.tool.namespace
    if said.tool.kind == "custom":
        return call | {"input": str(said.arguments.get("input", ""))}
    return call | {"arguments": said.argument_text}


PROTOCOL = Protocol(_read, _write)
