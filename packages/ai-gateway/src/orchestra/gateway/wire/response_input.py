"""The input items of a response's request, as the messages of a chat."""

from orchestra.gateway.wire.fields import Dropped, a_text, kind_of, objects, refused, written
from orchestra.gateway.wire.response_tools import chat_name, listed
from orchestra.shared.json import JsonObject, JsonValue

_CALLS = ("function_call", "custom_tool_call", "tool_search_call")
_LEFT_OUT = ("reasoning", "web_search_call", "file_search_call", "image_generation_call")
_ROLES = {"user": "user", "assistant": "assistant", "system": "system", "developer": "system"}


def conversation(asked: JsonObject, dropped: Dropped) -> list[JsonValue]:
    """Instructions first, then each item; an assistant's text and calls are one message.

    Raises:
        Invalid: an item cannot be shown in a chat.
    """
    found: list[JsonObject] = []
    if asked.get("instructions") is not None:
        text = a_text(asked["instructions"], "instructions")
        found.append({"role": "system", "content": text})
    given = asked.get("input")
    if isinstance(given, str):
        return [*found, {"role": "user", "content": given}]
    shown: list[JsonValue] = []
    for path, item in objects(given, "input"):
        kind = kind_of(item, path, "message")
        if kind == "message" or kind in _CALLS:
            _show(found, shown)
        if kind == "message":
            found.append(_message(item, path))
        elif kind in _CALLS:
            _called(found, _call(kind, item, path))
        elif kind.endswith("_output"):
            found.append(_result(kind, item, path, shown))
        elif kind in _LEFT_OUT:
            dropped.add(f"{path} of type {kind}")
        else:
            raise refused(f"{path}.type", f"is `{kind[:60]}`, which only OpenAI knows")
    _show(found, shown)
    return list(found)


def _show(found: list[JsonObject], shown: list[JsonValue]) -> None:
    """What tools returned besides text: a chat takes it of the user, after all results."""
    if shown:
        found.append({"role": "user", "content": list(shown)})
        shown.clear()


def _message(item: JsonObject, path: str) -> JsonObject:
    role = a_text(item.get("role"), f"{path}.role")
    if role not in _ROLES:
        raise refused(f"{path}.role", f"is `{role[:40]}`", "send user, assistant or developer")
    content = item.get("content")
    if isinstance(content, str):
        return {"role": _ROLES[role], "content": content}
    parts = [_part(part, where) for where, part in objects(content, f"{path}.content")]
    texts = [part["text"] for part in parts if part["type"] == "text"]
    if len(texts) < len(parts):
        return {"role": _ROLES[role], "content": list(parts)}
    return {"role": _ROLES[role], "content": "\n".join(str(text) for text in texts)}


def _part(part: JsonObject, path: str) -> JsonObject:
    kind = kind_of(part, path)
    if kind in ("input_text", "output_text", "text"):
        return {"type": "text", "text": a_text(part.get("text"), f"{path}.text")}
    if kind == "refusal":
        return {"type": "text", "text": a_text(part.get("refusal"), f"{path}.refusal")}
    if kind == "input_image":
        if part.get("image_url") is None:
            raise refused(path, "is not in the request", "send it as `image_url`")
        image: JsonObject = {"url": a_text(part["image_url"], f"{path}.image_url")}
        detail = part.get("detail")
        return {"type": "image_url", "image_url": image | ({"detail": detail} if detail else {})}
    if kind == "input_file":
        if part.get("file_data") is None:
            raise refused(path, "is not in the request", "send it as `file_data`")
        file = {name: part[name] for name in ("filename", "file_data") if part.get(name)}
        return {"type": "file", "file": file}
    raise refused(f"{path}.type", f"is `{kind[:60]}`, which a chat does not take")


def _call(kind: str, item: JsonObject, path: str) -> JsonObject:
    call_id = a_text(item.get("call_id"), f"{path}.call_id")
    if kind == "tool_search_call":
        name, arguments = "tool_search", written(item.get("arguments") or {}).decode()
    else:
        plain = a_text(item.get("name"), f"{path}.name")
        name = chat_name(plain, str(item.get("namespace") or ""))
        if kind == "function_call":
            arguments = a_text(item.get("arguments", ""), f"{path}.arguments")
        else:
            arguments = written({"input": a_text(item.get("input"), f"{path}.input")}).decode()
    function: JsonObject = {"name": name, "arguments": arguments}
    return {"id": call_id, "type": "function", "function": function}


def _called(found: list[JsonObject], call: JsonObject) -> None:
    last = found[-1] if found else {}
    if last.get("role") != "assistant":
        last = {"role": "assistant", "content": None}
        found.append(last)
    calls = last.get("tool_calls")
    last["tool_calls"] = [*(calls if isinstance(calls, list) else []), call]


def _result(kind: str, item: JsonObject, path: str, shown: list[JsonValue]) -> JsonObject:
    call_id = a_text(item.get("call_id"), f"{path}.call_id")
    result: JsonObject = {"role": "tool", "tool_call_id": call_id}
    if kind == "tool_search_output":
        found = listed(item.get("tools"), f"{path}.tools")
        names = [chat_name(str(tool.get("name")), namespace) for _, namespace, tool in found]
        return result | {"content": f"Tools that can be called now: {', '.join(names) or 'none'}"}
    output = item.get("output")
    if isinstance(output, str):
        return result | {"content": output}
    parts = [_part(part, where) for where, part in objects(output, f"{path}.output")]
    others = [part for part in parts if part["type"] != "text"]
    if others:
        shown += [{"type": "text", "text": f"In the result of {call_id}:"}, *others]
    texts = [str(part["text"]) for part in parts if part["type"] == "text"]
    return result | {"content": "\n".join(texts)}
