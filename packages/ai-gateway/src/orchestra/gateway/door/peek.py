"""What the gateway has to know of a body, read without building the rest of it."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from orchestra.shared.errors import Invalid

_KEY = re.compile(rb'[ \t\r\n]*("(?:[^"\\\x00-\x1f]|\\.)*")[ \t\r\n]*:[ \t\r\n]*')
_NEXT = re.compile(rb"[ \t\r\n]*([,}])")
_OPENING = re.compile(rb"[ \t\r\n]*\{")
_MODEL = re.compile(r"[\x21-\x7e]{1,200}")
_HINT = "send one JSON object in UTF-8, each key once"

_top = msgspec.json.Decoder(dict[str, msgspec.Raw])
_key = msgspec.json.Decoder(str)
_list = msgspec.json.Decoder(list[msgspec.Raw])
_any = msgspec.json.Decoder(Any)


class Peek(msgspec.Struct, frozen=True):
    """The fields that matter, and where the model's name stands in the body."""

    model: str
    at: tuple[int, int]
    """The model's name in the body, with its quotes."""
    stream: bool
    max_tokens: int | None
    temperature: float | None
    uses_tools: bool
    messages: int
    choices: int
    has_stream_options: bool
    user: str | None
    """Anthropic's `metadata.user_id`, which names a session."""


def peek(body: bytes) -> Peek:
    """Look into a body.

    Raises:
        Invalid: it is not one JSON object in UTF-8, has a key twice, or names no model.
    """
    fields, place = _fields(body)
    values = {name: _value(name, fields[name]) for name in _SMALL & fields.keys()}
    limit = next((n for k in _LIMITS if (n := _number(values, k)) is not None), None)
    return Peek(
        model=_model(values.get("model")),
        at=place,
        stream=values.get("stream") is True,
        max_tokens=None if limit is None else max(0, int(min(limit, 1e12))),
        temperature=_number(values, "temperature"),
        uses_tools=_holds_some(fields, "tools") or _holds_some(fields, "functions"),
        messages=_count(fields),
        choices=max(1, int(min(_number(values, "n") or 1, 1e6))),
        has_stream_options="stream_options" in fields,
        user=_user(values.get("metadata")),
    )


_LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens")
_SMALL = frozenset(("model", "stream", "temperature", "n", "metadata", *_LIMITS))
"""What is decoded; the rest stays as it is."""


def _fields(body: bytes) -> tuple[Mapping[str, msgspec.Raw], tuple[int, int]]:
    """The top-level fields as they stand in the body, and where the model's name is.

    Readers differ in which of two equal keys counts, so that one could be checked and the other
    served: a body with two is refused.
    """
    try:
        if not body.isascii():
            body.decode()
        fields = _top.decode(body)
    except UnicodeDecodeError as error:
        raise Invalid(f"the body is not UTF-8 (byte {error.start})", hint=_HINT) from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise Invalid(f"the body is not a JSON object: {str(error)[:120]}", hint=_HINT) from None
    return fields, _place_if_compact(body, fields) or _place(body, fields)


def _place_if_compact(body: bytes, fields: Mapping[str, msgspec.Raw]) -> tuple[int, int] | None:
    """Where the model is, in a body that is no longer than its fields need.

    Then there is no space between them, and no key twice: either would make it longer.
    """
    end, place = 1, (0, 0)
    for name, raw in fields.items():
        start = end + len(name if name.isascii() else name.encode()) + 3  # quotes and a colon
        end = start + len(memoryview(raw))
        if name == "model":
            place = (start, end)
        end += 1  # a comma or the last brace
    return place if end == len(body) else None


def _place(body: bytes, fields: Mapping[str, msgspec.Raw]) -> tuple[int, int]:
    """The same for any other body, key by key.

    Raises:
        Invalid: a key is there twice.
    """
    places: dict[str, tuple[int, int]] = {}
    match = _OPENING.match(body)
    end = match.end() if match else 0
    for _ in range(len(fields)):
        key = _KEY.match(body, end)
        if key is None:
            break
        name = key[1][1:-1].decode() if b"\\" not in key[1] else _key.decode(key[1])
        value = bytes(fields.get(name, b""))
        if name in places or not body.startswith(value, key.end()):
            raise Invalid(f"the body has the key `{name[:60]}` twice", hint=_HINT)
        places[name] = (key.end(), key.end() + len(value))
        after = _NEXT.match(body, places[name][1])
        end = after.end() if after else len(body)
    if len(places) != len(fields) or body[end - 1 : end] not in (b"}", b"{"):
        raise Invalid("the body has a key twice", hint=_HINT)
    return places.get("model", (0, 0))


def _model(model: object) -> str:
    if not isinstance(model, str):
        raise Invalid("the body names no `model`", hint='add `"model": "auto"`')
    if not _MODEL.fullmatch(model):
        raise Invalid(
            f"`{model[:60]!a}` cannot be the name of a model",
            hint="a name has up to 200 characters of ASCII, without spaces",
        )
    return model


def _value(name: str, raw: msgspec.Raw) -> object:
    try:
        return _any.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        raise Invalid(f"`{name}` cannot be read", hint=_HINT) from None


def _number(values: Mapping[str, object], name: str) -> float | None:
    value = values.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _user(metadata: object) -> str | None:
    """Anthropic's name of a session."""
    user = metadata.get("user_id") if isinstance(metadata, dict) else None
    return user if isinstance(user, str) else None


def _holds_some(fields: Mapping[str, msgspec.Raw], name: str) -> bool:
    return name in fields and bytes(fields[name]) not in (b"null", b"[]")


def _count(fields: Mapping[str, msgspec.Raw]) -> int:
    """How many messages there are; 1 where the question is a text."""
    raw = fields.get("messages", fields.get("input"))
    if raw is None or bytes(raw[:1] if isinstance(raw, bytes) else memoryview(raw)[:1]) != b"[":
        return 1
    try:
        return len(_list.decode(raw))
    except (msgspec.DecodeError, RecursionError):
        return 1


def splice(body: bytes, at: tuple[int, int], model: str) -> bytes:
    """The body with another model's name and nothing else changed."""
    start, stop = at
    name = msgspec.json.encode(model)
    if body[start:stop] == name:
        return body
    return b"".join((body[:start], name, body[stop:]))
