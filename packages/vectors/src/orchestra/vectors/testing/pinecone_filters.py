"""Pinecone's filter language, applied to metadata in memory."""

import operator
from collections.abc import Callable
from typing import TypeGuard

from orchestra.shared.json import JsonObject, JsonValue

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}


class NotUnderstood(Exception):
    """What was asked is not of the API."""


def meets(metadata: JsonObject, asked: JsonObject) -> bool:
    """Whether metadata meet a filter; all members of an object must hold.

    Raises:
        NotUnderstood: it has another form, or an operator that there is not.
    """
    return all(_member(metadata, name, value) for name, value in asked.items())


def _member(metadata: JsonObject, name: str, value: JsonValue) -> bool:
    if name in ("$and", "$or"):
        if not isinstance(value, list) or not value:
            raise NotUnderstood(f"{name} takes a list that is not empty")
        return (all if name == "$and" else any)(
            isinstance(part, dict) and meets(metadata, part) for part in value
        )
    if name.startswith("$"):
        raise NotUnderstood(f"the operator {name} is not known here")
    conditions = value if isinstance(value, dict) else {"$eq": value}
    return all(_holds(metadata.get(name), *condition) for condition in conditions.items())


def _holds(held: JsonValue, name: str, asked: JsonValue) -> bool:
    if name == "$eq":
        return _has(held, asked)
    if name == "$in":
        if not isinstance(asked, list) or any(isinstance(one, bool) for one in asked):
            raise NotUnderstood("$in takes a list of texts or numbers")
        return any(_has(held, one) for one in asked)
    if name not in _COMPARE:
        raise NotUnderstood(f"the operator {name} is not known")
    if not _number(asked):
        raise NotUnderstood(f"{name} takes a number")
    return _number(held) and _COMPARE[name](float(held), float(asked))


def _has(held: JsonValue, asked: JsonValue) -> bool:
    if isinstance(held, list):
        return asked in held
    if _number(held) and _number(asked):
        return held == asked
    return type(held) is type(asked) and held == asked


def _number(value: JsonValue) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
