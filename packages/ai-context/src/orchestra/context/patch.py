"""JSON Patch (RFC 6902) over documents of nested maps: `add`, `replace` and `remove`."""

from typing import Literal, NotRequired, TypedDict

from orchestra.shared.json import JsonObject, JsonValue


class Operation(TypedDict):
    """One operation; `value` is absent from `remove`."""

    op: Literal["add", "replace", "remove"]
    path: str
    value: NotRequired[JsonValue]


def escape(key: str) -> str:
    """A key as a part of a JSON Pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def diff(before: JsonValue, after: JsonValue, path: str = "") -> list[Operation]:
    """The operations that turn `before` into `after`. Lists are replaced whole."""
    operations: list[Operation] = []
    _compare(before, after, path, operations)
    return operations


def _compare(before: JsonValue, after: JsonValue, path: str, out: list[Operation]) -> None:
    if not isinstance(before, dict) or not isinstance(after, dict):
        if type(before) is not type(after) or before != after:
            out.append({"op": "replace", "path": path, "value": after})
        return
    for key in before:
        if key not in after:
            out.append({"op": "remove", "path": f"{path}/{escape(key)}"})
    for key, value in after.items():
        if key not in before:
            out.append({"op": "add", "path": f"{path}/{escape(key)}", "value": value})
        elif before[key] is not value:
            _compare(before[key], value, f"{path}/{escape(key)}", out)


def apply(document: JsonObject, operations: list[Operation]) -> JsonObject:
    """A new document with the operations done; what they do not touch is shared, not copied.

    Total on purpose: removing what is not there is nothing, and missing parents are made. So all
    who apply the same operations to the same document hold the same document, whatever they are.
    """
    for operation in operations:
        if operation["path"] == "":
            value = operation.get("value")
            document = value if isinstance(value, dict) else {}
            continue
        keys = [
            part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]
        ]
        document = _set(document, keys, operation)
    return document


def _set(node: JsonValue, keys: list[str], operation: Operation) -> JsonObject:
    copy = dict(node) if isinstance(node, dict) else {}
    key, rest = keys[0], keys[1:]
    if rest:
        if operation["op"] == "remove" and key not in copy:
            return copy
        copy[key] = _set(copy.get(key), rest, operation)
    elif operation["op"] == "remove":
        copy.pop(key, None)
    else:
        copy[key] = operation.get("value")
    return copy
