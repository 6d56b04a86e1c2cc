"""OpenAI's Chat Completions (`POST /v1/chat/completions`), as droid speaks it to a model of one's own."""

from orchestra.agents.testing.asked import Asked, Tool, joined, objects, texts
from orchestra.agents.testing.protocol import Protocol, Said, event_stream
from orchestra.shared.json import JsonObject
from orchestra.shared.testing.http_service import Reply

_USAGE: JsonObject = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}


def _read(path: str, body: JsonObject) -> Asked:
    messages = objects(body.get("messages"))
    functions = [one["function"] for one in objects(body.get("tools")) if "function" in one]
    tools = tuple(
        Tool(str(one["name"]), schema if isinstance(schema := one.get("parameters"), dict) else {})
        for one in objects(functions)
    )
    results = tuple(
        joined(texts(one.get("content"))) for one in messages if one.get("role") == "tool"
    )
    return Asked(path, tools, tuple(texts(body.get("messages"))), results, body)


def _write(body: JsonObject, said: Said) -> Reply:
    head: JsonObject = {
        "id": f"chatcmpl-{said.number:08}",
        "created": 0,
        "model": body.get("model"),
    }
    reason = "tool_calls" if said.tool else "stop"
    message: JsonObject = {"role": "assistant", "content": said.text or None}
    if said.tool:
        call: JsonObject = {
            "id": f"call_{said.number:08}",
            "type": "function",
            "function": {"name": said.tool.name, "arguments": said.argument_text},
        }
        message["tool_calls"] = [{"index": 0, **call} if body.get("stream") else call]
    if not body.get("stream"):
        choice: JsonObject = {"index": 0, "message": message, "finish_reason": reason}
        return Reply(head | {"object": "chat.completion", "choices": [choice], "usage": _USAGE})
    chunk = head | {"object": "chat.completion.chunk"}
    first: JsonObject = {"index": 0, "delta": message, "finish_reason": None}
    last: JsonObject = {"index": 0, "delta": {}, "finish_reason": reason}
    return event_stream(
        [
            chunk | {"choices": [first]},
            chunk | {"choices": [last]},
            chunk | {"choices": [], "usage": _USAGE},
        ],
        named=False,
        end="data: [DONE]\n\n",
    )


PROTOCOL = Protocol(_read, _write)
