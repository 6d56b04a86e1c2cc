"""JSON values as types, and the one canonical way to write them."""

from typing import TypeAlias

import orjson

JsonValue: TypeAlias = "None | bool | int | float | str | list[JsonValue] | dict[str, JsonValue]"
JsonObject: TypeAlias = "dict[str, JsonValue]"


def canonical(value: JsonValue) -> bytes:
    """The same value as the same bytes, always: UTF-8, sorted keys, no spaces."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
