"""The bounds of what an index takes, the same for every store: checked before anything is sent."""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import orjson
from orchestra.shared.errors import Invalid, TooLarge
from orchestra.vectors.records import (
    AnyOf,
    Condition,
    Equals,
    Filter,
    Metadata,
    Range,
    Record,
    Scalar,
    Vector,
)

MOST_RECORDS = 10_000
MOST_MATCHES = 1_000
MOST_DIMENSIONS = 4_000
MOST_METADATA = 16 * 1024  # bytes as JSON
_MOST_CONDITIONS = 32
_MOST_VALUES = 1_000
_LONGEST_ID = 512  # bytes of UTF-8
_EXACT = 2**53  # integers up to here are the same number in every store
_SHORTEST = 1e-30
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}", re.ASCII)
_NAMESPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,199}", re.ASCII)

Floats = npt.NDArray[np.float32]
Stored = dict[str, Scalar | list[str]]


@dataclass(frozen=True, slots=True)
class Entry:
    """A record as it is stored: checked, its vector of length 1."""

    id: str
    vector: Floats
    metadata: Stored


def checked_namespace(namespace: str, dimension: int) -> tuple[str, int]:
    """A namespace and its dimension, if they can be kept everywhere."""
    if not _NAMESPACE.fullmatch(namespace):
        raise Invalid(
            f"`{namespace[:80]}` cannot be the name of a namespace",
            hint="use 1 to 200 of: letters, digits and ._:/@+- ; begin with a letter or digit",
        )
    if not 1 <= dimension <= MOST_DIMENSIONS:
        raise Invalid(
            f"vectors of `{dimension}` dimensions cannot be stored",
            hint=f"use an embedder of 1 to {MOST_DIMENSIONS} dimensions",
        )
    return namespace, dimension


def checked_records(records: Sequence[Record], dimension: int) -> list[Entry]:
    """Records as they are stored, in the order of their ids; the last of equal ids wins."""
    _few(len(records), "records", MOST_RECORDS)
    last = {record.id: record for record in records}
    return [
        Entry(
            checked_id(id),
            checked_vector(last[id].vector, dimension, f"the vector of `{id[:80]}`"),
            _metadata(last[id].metadata, id),
        )
        for id in sorted(last)
    ]


def checked_ids(ids: Collection[str]) -> list[str]:
    """Ids that may be stored, each once."""
    if isinstance(ids, str):
        raise Invalid(f"`{ids[:80]}` is one id", hint="give a list of ids")
    _few(len(ids), "ids", MOST_RECORDS)
    return sorted({checked_id(id) for id in ids})


def checked_id(id: str) -> str:
    """An id of 1 to 512 bytes."""
    size = len(_text(id, "an id").encode())
    if not 1 <= size <= _LONGEST_ID:
        raise Invalid(
            f"the id `{id[:80]}` has {size} bytes", hint=f"use 1 to {_LONGEST_ID}, or a hash"
        )
    return id


def checked_vector(vector: Vector, dimension: int, what: str = "the vector") -> Floats:
    """The direction of a vector, as float32 of length 1."""
    try:
        exact = np.asarray(vector, dtype=np.float64)
    except (TypeError, ValueError):
        raise Invalid(f"{what} is not a list of numbers", hint="give one flat list") from None
    if exact.ndim != 1 or exact.shape[0] != dimension:
        raise Invalid(
            f"{what} has the shape `{exact.shape}`, and `({dimension},)` is stored here",
            hint="embed with the model that this namespace was made with, or use another namespace",
        )
    if not np.isfinite(exact).all():
        raise Invalid(f"{what} holds NaN or infinity", hint="look at what the embedder returned")
    largest = float(np.abs(exact).max())
    if largest < _SHORTEST:
        raise Invalid(
            f"{what} is all zero and has no direction", hint="leave out texts that say nothing"
        )
    exact = exact / largest  # so that squares neither overflow nor vanish
    direction: Floats = (exact / np.sqrt(np.square(exact).sum())).astype(np.float32)
    return direction


def checked_limit(limit: int) -> int:
    """How many matches may be asked for."""
    if not 1 <= limit <= MOST_MATCHES:
        raise Invalid(f"`{limit}` matches cannot be asked for", hint=f"ask for 1 to {MOST_MATCHES}")
    return limit


def checked_filter(where: Filter) -> list[Condition]:
    """A filter in its plain form: `AnyOf` and `Range` alone, with values that can be stored."""
    _few(len(where), "conditions", _MOST_CONDITIONS)
    return [_condition(condition) for condition in where]


def is_never(where: Sequence[Condition]) -> bool:
    """Whether nothing can meet these conditions."""
    return any(isinstance(c, AnyOf) and not c.values for c in where)


def restored(metadata: Mapping[str, object]) -> Stored:
    """Metadata as a store gave it back; a large integer was a float before it was decimal."""
    return {
        name: float(value) if type(value) is int and abs(value) > _EXACT else value  # type: ignore[misc]  # what was stored was checked
        for name, value in metadata.items()
    }


def _condition(condition: Condition) -> Condition:
    _field(condition.field)
    if isinstance(condition, Range):
        for bound in (condition.at_least, condition.above, condition.at_most, condition.below):
            if bound is not None:
                _number(bound, condition.field)
        return condition
    values = [condition.value] if isinstance(condition, Equals) else list(condition.values)
    _few(len(values), "values of a condition", _MOST_VALUES)
    return AnyOf(condition.field, [_scalar(value, condition.field) for value in values])


def _metadata(metadata: Metadata, id: str) -> Stored:
    kept: Stored = {}
    for name, value in metadata.items():
        _field(name)
        if isinstance(value, str | int | float):
            kept[name] = _scalar(value, name)
        elif isinstance(value, list | tuple):
            if texts := [_text(text, f"`{name}`") for text in value]:
                kept[name] = texts
        else:
            raise Invalid(
                f"`{name}` of `{id[:80]}` is of type `{type(value).__name__}`",
                hint="use a text, a number, true or false, or a list of texts",
            )
    if len(orjson.dumps(kept)) > MOST_METADATA:
        raise TooLarge(
            f"the metadata of `{id[:80]}` is larger than {MOST_METADATA} bytes",
            hint="keep the text elsewhere, and its place here",
        )
    return kept


def _scalar(value: Scalar, field: str) -> Scalar:
    if isinstance(value, bool):
        return value
    return _text(value, f"`{field}`") if isinstance(value, str) else _number(value, field)


def _number(value: float, field: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise Invalid(f"`{field}` is compared with `{value!r:.80}`", hint="compare with a number")
    if not math.isfinite(value) or (isinstance(value, int) and abs(value) > _EXACT):
        raise Invalid(
            f"`{field}` cannot be `{value!r:.80}`",
            hint="use a finite number; write integers beyond 2^53 as text",
        )
    return value


def _text(value: str, what: str) -> str:
    try:
        broken = not isinstance(value, str) or "\0" in value or value.encode() is None
    except UnicodeEncodeError:
        broken = True
    if broken:
        raise Invalid(f"{what} is not text: `{value!r:.80}`", hint="use UTF-8 without NUL")
    return value


def _field(name: str) -> None:
    if not isinstance(name, str) or not _FIELD.fullmatch(name):
        raise Invalid(
            f"`{name!s:.80}` cannot be the name of a field",
            hint="use 1 to 64 letters, digits and underscores; begin with a letter",
        )


def _few(number: int, what: str, most: int) -> None:
    if number > most:
        raise TooLarge(f"`{number}` {what} at once", hint=f"send at most {most} in one call")
