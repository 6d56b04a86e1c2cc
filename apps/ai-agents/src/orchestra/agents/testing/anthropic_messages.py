"""Anthropic's Messages (`POST /v1/messages`), as Claude Code speaks it."""

from orchestra.agents.testing.asked import Asked, Tool, joined, objects, texts
from orchestra.agents.testing.protocol import Protocol, Said, event_stream
from orchestra.shared.json import JsonObject
from orchestra.shared.testing.http_service import Reply


def _read(path: str, body: JsonObject) -> Asked:
    tools = tuple(
        Tool(str(tool["name"]), schema if isinstance(schema, dict) else {})
        for tool in objects(body.get("tools"))
        if "name" in tool and (schema := tool.get("input_schema")) is not None
    )
    results = tuple(
        joined(texts(block.get("content")))
        for message in objects(body.get("messages"))
        for block in objects(message.get("content"))
        if block.get("type") == "tool_result"
    )
    shown = (*texts(body.get("system")), *texts(body.get("messages")))
    return Asked(path, tools, shown, results, body)


def _write(body: JsonObject, said: Said) -> Reply:
    message: JsonObject = {
        "id": f"msg_{said.number:08}",
        "type": "message",
        "role": "assistant",
        "model": body.get("model"),
        "content": [_block(said)],
        "stop_reason": "tool_use" if said.tool else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 100, "output_tokens": 10},
    }
    if not body.get("stream"):
        return Reply(message)
    begun = {**message, "content": [], "stop_reason": None}
    if said.tool:
        opened: JsonObject = {**_block(said), "input": {}}
        delta: JsonObject = {"type": "input_json_delta", "partial_json": said.argument_text}
    else:
        opened, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": said.text}
    return event_stream(
        [
            {"type": "message_start", "message": begun},
            {"type": "content_block_start", "index": 0, "content_block": opened},
            {"type": "content_block_delta", "index": 0, "delta": delta},
            {"type": "content_block_stop", "index": 0},
            {
                "type": "message_delta",
                "delta": {"stop_reason": message["stop_reason"], "stop_sequence": None},
                "usage": {"output_tokens": 10},
            },
            {"type": "message_stop"},
        ]
    )


def _block(said: Said) -> JsonObject:
    if said.tool is None:
        return {"type": "text", "text": said.text}
    return {
        "type": "tool_use",
        "id": f"toolu_{said.number:08}",
        "name": said.tool.name,
        "input": said.arguments,
    }


PROTOCOL = Protocol(_read, _write)
