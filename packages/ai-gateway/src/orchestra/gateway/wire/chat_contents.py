"""What stands in the messages of a chat, as Anthropic's blocks."""

import re

from orchestra.gateway.wire.fields import (
    Dropped,
    a_text,
    an_object,
    arguments_of,
    kind_of,
    objects,
    refused,
)
from orchestra.shared.json import JsonObject, JsonValue

_DATA = re.compile(r"data:([\w.+-]+/[\w.+-]+);base64,(.*)", re.DOTALL)


def blocks(
    content: JsonValue, path: str, dropped: Dropped, *, only_text: bool = False
) -> list[JsonValue]:
    """Text, images and files; empty texts are left out, as the provider refuses them."""
    if content is None:
        return []
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content.strip() else []
    found: list[JsonValue] = []
    for where, part in objects(content, path):
        kind = kind_of(part, where)
        if kind in ("text", "refusal"):
            text = a_text(part.get(kind), f"{where}.{kind}")
            block: JsonObject | None = {"type": "text", "text": text} if text.strip() else None
        elif only_text:
            raise refused(f"{where}.type", f"is `{kind[:40]}`, where only text can stand")
        else:
            block = _attached(kind, part, where, dropped)
        if block is not None:
            found.append(_cached(block, part))
    return found


def assistant_blocks(message: JsonObject, path: str, dropped: Dropped) -> list[JsonValue]:
    """Signed thoughts, text and calls of tools."""
    if message.get("function_call") is not None:
        raise refused(f"{path}.function_call", "was replaced by `tool_calls`", "send `tool_calls`")
    if message.get("audio") is not None:
        raise refused(f"{path}.audio", "cannot be shown to an Anthropic provider")
    found = _thoughts(message, path, dropped)
    found += blocks(message.get("content"), f"{path}.content", dropped, only_text=True)
    found += blocks(message.get("refusal"), f"{path}.refusal", dropped)
    for where, call in objects(message.get("tool_calls"), f"{path}.tool_calls"):
        function = an_object(call.get("function"), f"{where}.function")
        text = a_text(function.get("arguments", ""), f"{where}.function.arguments")
        arguments = arguments_of(text)
        if arguments is None:
            dropped.add(f"{where}.function.arguments", "is no JSON object, and was sent as a text")
            arguments = {"arguments": text}
        found.append(
            {
                "type": "tool_use",
                "id": a_text(call.get("id"), f"{where}.id"),
                "name": a_text(function.get("name"), f"{where}.function.name"),
                "input": arguments,
            }
        )
    return found


def result_block(message: JsonObject, path: str, dropped: Dropped) -> JsonObject:
    """What a tool returned."""
    used = a_text(message.get("tool_call_id"), f"{path}.tool_call_id")
    content = message.get("content")
    result: JsonObject = {"type": "tool_result", "tool_use_id": used}
    is_text = isinstance(content, str)
    given = content if is_text else blocks(content, f"{path}.content", dropped)
    return result | {"content": given} if given else result


def _thoughts(message: JsonObject, path: str, dropped: Dropped) -> list[JsonValue]:
    found: list[JsonValue] = []
    text = ""
    for _, one in objects(message.get("reasoning_details"), f"{path}.reasoning_details"):
        thought, signature = one.get("text"), one.get("signature")
        text += thought if isinstance(thought, str) else ""
        if isinstance(signature, str) and signature:
            found.append({"type": "thinking", "thinking": text, "signature": signature})
            text = ""
    if text or (not found and (message.get("reasoning") or message.get("reasoning_content"))):
        dropped.add(f"{path}.reasoning")
    return found


def _attached(kind: str, part: JsonObject, path: str, dropped: Dropped) -> JsonObject:
    if kind == "image_url":
        image = part.get("image_url")
        url = image.get("url") if isinstance(image, dict) else image
        if isinstance(image, dict) and image.get("detail") not in (None, "auto"):
            dropped.add(f"{path}.image_url.detail")
        return {"type": "image", "source": _source(a_text(url, f"{path}.image_url.url"))}
    if kind == "file":
        file = an_object(part.get("file"), f"{path}.file")
        if file.get("file_data") is None:
            raise refused(f"{path}.file", "is not in the request", "send it as `file_data`")
        source = _source(a_text(file["file_data"], f"{path}.file.file_data"))
        block: JsonObject = {"type": "document", "source": source}
        return block | {"title": file["filename"]} if file.get("filename") else block
    raise refused(f"{path}.type", f"is `{kind[:40]}`, which an Anthropic provider does not take")


def _source(url: str) -> JsonObject:
    data = _DATA.fullmatch(url)
    if data is None:
        return {"type": "url", "url": url}
    return {"type": "base64", "media_type": data[1], "data": data[2]}


def _cached(block: JsonObject, part: JsonObject) -> JsonObject:
    """OpenRouter's clients mark what is to be cached as Anthropic does."""
    control = part.get("cache_control")
    return block | {"cache_control": control} if isinstance(control, dict) else block
