"""The members of a request, each with its path, so that what is refused can be named."""

import re
from collections.abc import Iterator
from itertools import islice

import msgspec
from orchestra.shared.errors import Invalid
from orchestra.shared.json import JsonObject, JsonValue

_MOST_NOTES = 50
_MOST_ITEMS = 20_000  # of a list: each takes time in which nobody else is served
_LONGEST = 100  # characters of a path, which the client wrote
_STRANGE = re.compile(r"[^\x20-\x7e]")  # not for a header
_INDEX = re.compile(r"\[\d+\]")


class Dropped:
    """What a translation had to leave out, by path; the same member of many messages counts once."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def add(self, path: str, instead: str = "") -> None:
        """Note a member; `instead` says what was done with it, if it was not left out."""
        if len(self.paths) >= _MOST_NOTES:
            return
        path = _INDEX.sub("[]", path)[:_LONGEST]
        note = _STRANGE.sub("?", f"{path} ({instead})" if instead else path)
        if note not in self.paths:
            self.paths.append(note)

    def rest(self, found: JsonObject, known: frozenset[str], path: str = "") -> None:
        """Note each member that is set and that nobody knows."""
        for name, value in islice(found.items(), _MOST_ITEMS):
            if name not in known and value is not None:
                self.add(f"{path}.{name}" if path else name)


def refused(path: str, why: str, hint: str = "") -> Invalid:
    """The error for what cannot be translated."""
    hint = hint or "leave it out, or ask for a model whose provider speaks the format of this door"
    return Invalid(f"`{path}` {why}", hint=hint)


def decoded(body: bytes) -> JsonObject:
    """A request as an object.

    Raises:
        Invalid: it is no JSON object.
    """
    try:
        found: JsonValue = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid(f"the body is no JSON: {error}", hint="send one JSON object") from None
    return an_object(found, "body")


def an_object(value: JsonValue, path: str) -> JsonObject:
    """The value as an object.

    Raises:
        Invalid: it is none.
    """
    if not isinstance(value, dict):
        raise refused(path, f"is {_kind(value)}, where an object is expected", "send an object")
    return value


def a_text(value: JsonValue, path: str) -> str:
    """The value as a text.

    Raises:
        Invalid: it is none.
    """
    if not isinstance(value, str):
        raise refused(path, f"is {_kind(value)}, where a string is expected", "send a string")
    return value


def objects(value: JsonValue, path: str) -> Iterator[tuple[str, JsonObject]]:
    """Each object of a list, with its path; nothing where the list is not given.

    Raises:
        Invalid: it is no list, or something else is in it.
    """
    if value is None:
        return
    if not isinstance(value, list):
        raise refused(path, f"is {_kind(value)}, where an array is expected", "send an array")
    if len(value) > _MOST_ITEMS:
        why = f"has {len(value)} items, and at most {_MOST_ITEMS} are translated"
        raise refused(path, why, "send fewer")
    for index, one in enumerate(value):
        where = f"{path}[{index}]"
        yield where, an_object(one, where)


def kind_of(part: JsonObject, path: str, default: str = "") -> str:
    """The member `type`."""
    found = part.get("type", default)
    return a_text(found, f"{path}.type")


def written(document: JsonValue) -> bytes:
    """The document as JSON.

    Raises:
        Invalid: it is nested too deeply, or half of a character is in it.
    """
    try:
        return msgspec.json.encode(document)
    except (RecursionError, UnicodeEncodeError) as error:
        raise Invalid(f"the body cannot be written: {error}", hint="send plain JSON") from None


def closed(schema: JsonObject) -> JsonObject:
    """A schema whose objects take no other members unless it says so; structured answers want that."""
    copy: JsonObject = msgspec.json.decode(written(schema))
    left: list[JsonValue] = [copy]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            if one.get("type") == "object":
                one.setdefault("additionalProperties", False)
            left += one.values()
        elif isinstance(one, list):
            left += one
    return copy


def arguments_of(text: str) -> "JsonObject | None":
    """A tool's arguments as an object; None when a model wrote something else."""
    if not text.strip():
        return {}
    try:
        found: JsonValue = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, UnicodeEncodeError):
        return None
    return found if isinstance(found, dict) else None


def _kind(value: JsonValue) -> str:
    if value is None:
        return "null"
    return {bool: "a boolean", str: "a string", list: "an array", dict: "an object"}.get(
        type(value), "a number"
    )
