"""Filters as they come over Weaviate's wire, applied to objects in memory."""

import operator
from collections.abc import Callable
from dataclasses import dataclass

from orchestra.vectors.checks import Floats
from weaviate.proto.v1 import base_pb2

_COMPARE: dict[int, Callable[[float, float], bool]] = {
    base_pb2.Filters.OPERATOR_GREATER_THAN: operator.gt,
    base_pb2.Filters.OPERATOR_GREATER_THAN_EQUAL: operator.ge,
    base_pb2.Filters.OPERATOR_LESS_THAN: operator.lt,
    base_pb2.Filters.OPERATOR_LESS_THAN_EQUAL: operator.le,
}


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What is kept of an object."""

    properties: dict[str, str | float | list[str]]
    vector: Floats


def meets(id: str, one: StoredObject, asked: base_pb2.Filters, known: set[str]) -> bool:
    """Whether an object meets a filter.

    Raises:
        LookupError: the filter names a property that the collection does not have.
    """
    if asked.operator == base_pb2.Filters.OPERATOR_AND:
        return all(meets(id, one, part, known) for part in asked.filters)
    if asked.operator == base_pb2.Filters.OPERATOR_OR:
        return any(meets(id, one, part, known) for part in asked.filters)
    name = asked.target.property
    if name not in known | {"_id"}:
        raise LookupError(name)
    held = id if name == "_id" else one.properties.get(name)
    if asked.operator == base_pb2.Filters.OPERATOR_CONTAINS_ANY:
        has = held if isinstance(held, list) else [held]
        return bool(set(has) & set(asked.value_text_array.values))
    return isinstance(held, float) and _COMPARE[asked.operator](held, asked.value_number)
