"""Metadata as exact terms: what makes equality mean the same in every store."""

import hashlib
import json
from collections.abc import Iterable

from orchestra.vectors.checks import Stored
from orchestra.vectors.records import AnyOf, Scalar

_LONGEST = 200  # characters of a term that is kept as it is


def terms_of(metadata: Stored) -> list[str]:
    """Every term that a record answers to."""
    found = set()
    for field, value in metadata.items():
        found |= set(_terms(field, value if isinstance(value, list) else [value]))
    return sorted(found)


def wanted_terms(condition: AnyOf) -> list[str]:
    """The terms of which a record must have one."""
    return sorted(set(_terms(condition.field, condition.values)))


def numbers_of(metadata: Stored) -> dict[str, float]:
    """The fields that a `Range` can speak of."""
    return {
        field: float(value)
        for field, value in metadata.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def _terms(field: str, values: Iterable[Scalar]) -> Iterable[str]:
    for value in values:
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = float(value) or 0.0  # one form for 1 and 1.0, and for 0.0 and -0.0
        term = json.dumps([field, value])
        if len(term) > _LONGEST:
            term = f'["{field}","sha256:{hashlib.sha256(term.encode()).hexdigest()}"]'
        yield term
