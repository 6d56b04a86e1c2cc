"""What is stored and what is found, and how a caller says which of it is meant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Scalar: TypeAlias = str | int | float | bool
Metadata: TypeAlias = Mapping[str, Scalar | Sequence[str]]
"""Flat facts about a record. Numbers are compared by value, so `1.0` may come back as `1`; an
empty list says nothing and is not kept."""

Vector: TypeAlias = "npt.NDArray[np.float32] | Sequence[float]"
"""Only its direction counts: every index keeps it at length 1."""


@dataclass(frozen=True, slots=True)
class Record:
    """One vector with its name and what is known about it."""

    id: str
    vector: Vector
    metadata: Metadata = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Match:
    """A record that was found; `score` is the cosine similarity, from -1 to 1."""

    id: str
    score: float
    metadata: Metadata


@dataclass(frozen=True, slots=True)
class Equals:
    """The field has this value, or is a list in which it stands. `1` equals `1.0`, never `True`."""

    field: str
    value: Scalar


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The field equals one of these values; of no values, none."""

    field: str
    values: Sequence[Scalar]


@dataclass(frozen=True, slots=True)
class Range:
    """The field is a number within these bounds; those that are None do not bind."""

    field: str
    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None


Condition: TypeAlias = Equals | AnyOf | Range
Filter: TypeAlias = Sequence[Condition]
"""All of these conditions hold; an empty filter lets every record through."""
