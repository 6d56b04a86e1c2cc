"""What stands in Anthropic's messages, as messages of a chat."""

from orchestra.gateway.wire.fields import (
    Dropped,
    a_text,
    an_object,
    kind_of,
    objects,
    refused,
    written,
)
from orchestra.shared.json import JsonObject, JsonValue

_THOUGHTS = ("thinking", "redacted_thinking")


def system_text(system: JsonValue, dropped: Dropped) -> str:
    """The system prompt as one text."""
    if system is None or isinstance(system, str):
        return system or ""
    return "\n\n".join(_text(block, path, dropped) for path, block in objects(system, "system"))


def user_messages(content: JsonValue, path: str, dropped: Dropped) -> list[JsonValue]:
    """What tools returned, each a message of its own, then what the user says.

    Chats take only text of a tool: images in a result are shown by the user, after all results.
    """
    if isinstance(content, str):
        return [{"role": "user", "content": content}]
    results: list[JsonValue] = []
    said: list[JsonValue] = []
    for where, block in objects(content, path):
        if kind_of(block, where) == "tool_result":
            text, images = _result(block, where, dropped)
            used = a_text(block.get("tool_use_id"), f"{where}.tool_use_id")
            results.append({"role": "tool", "tool_call_id": used, "content": text})
            if images:
                said += [{"type": "text", "text": f"Images in the result of {used}:"}, *images]
        else:
            said.append(_part(block, where, dropped))
    if not said:
        return results
    texts = [part.get("text") for part in said if isinstance(part, dict)]
    is_one_text = len(said) == 1 and texts[0] is not None
    return [*results, {"role": "user", "content": texts[0] if is_one_text else said}]


def assistant_message(content: JsonValue, path: str, dropped: Dropped) -> list[JsonValue]:
    """Text and calls of tools as one message; thoughts are left out."""
    if isinstance(content, str):
        return [{"role": "assistant", "content": content}]
    texts: list[str] = []
    calls: list[JsonValue] = []
    for where, block in objects(content, path):
        kind = kind_of(block, where)
        if kind == "text":
            texts.append(_text(block, where, dropped))
        elif kind == "tool_use":
            function: JsonObject = {
                "name": a_text(block.get("name"), f"{where}.name"),
                "arguments": written(block.get("input") or {}).decode(),
            }
            used = a_text(block.get("id"), f"{where}.id")
            calls.append({"id": used, "type": "function", "function": function})
        elif kind in _THOUGHTS:
            dropped.add(f"{where} of type {kind}")
        else:
            raise refused(f"{where}.type", f"is `{kind[:60]}`, which only Anthropic knows")
    if not texts and not calls:
        return []
    message: JsonObject = {"role": "assistant", "content": "".join(texts) or None}
    return [message | {"tool_calls": calls} if calls else message]


def _result(block: JsonObject, path: str, dropped: Dropped) -> tuple[str, list[JsonValue]]:
    """The text of a result, and its images."""
    if block.get("is_error"):
        dropped.add(f"{path}.is_error")
    content = block.get("content")
    if content is None or isinstance(content, str):
        return content or "", []
    texts: list[str] = []
    images: list[JsonValue] = []
    for where, one in objects(content, f"{path}.content"):
        kind = kind_of(one, where)
        if kind == "text":
            texts.append(_text(one, where, dropped))
        elif kind == "tool_reference":
            texts.append(f"The tool `{one.get('tool_name')}` can be called now.")
        else:
            images.append(_part(one, where, dropped))
    return "\n".join(texts), images


def _text(block: JsonObject, path: str, dropped: Dropped) -> str:
    dropped.rest(block, frozenset({"type", "text", "citations"}), path)
    return a_text(block.get("text"), f"{path}.text")


def _part(block: JsonObject, path: str, dropped: Dropped) -> JsonObject:
    kind = kind_of(block, path)
    if kind == "text":
        return {"type": "text", "text": _text(block, path, dropped)}
    if kind == "image":
        return {"type": "image_url", "image_url": {"url": _url(block, path)}}
    if kind == "document":
        return _document(block, path)
    if kind == "search_result":
        text = system_text(block.get("content"), dropped)
        return {"type": "text", "text": f"{block.get('title')} ({block.get('source')})\n{text}"}
    raise refused(f"{path}.type", f"is `{kind[:60]}`, which only Anthropic knows")


def _document(block: JsonObject, path: str) -> JsonObject:
    source = an_object(block.get("source"), f"{path}.source")
    title = block.get("title")
    if source.get("type") == "text":
        text = a_text(source.get("data"), f"{path}.source.data")
        return {"type": "text", "text": f"{title}\n{text}" if title else text}
    if source.get("type") != "base64":
        raise refused(f"{path}.source.type", "has to be `base64` or `text` for this provider")
    file: JsonObject = {"filename": title or "document.pdf", "file_data": _url(block, path)}
    return {"type": "file", "file": file}


def _url(block: JsonObject, path: str) -> str:
    source = an_object(block.get("source"), f"{path}.source")
    if source.get("type") == "url":
        return a_text(source.get("url"), f"{path}.source.url")
    if source.get("type") == "base64":
        media = a_text(source.get("media_type"), f"{path}.source.media_type")
        return f"data:{media};base64,{a_text(source.get('data'), f'{path}.source.data')}"
    raise refused(f"{path}.source.type", "has to be `base64` or `url` for this provider")
