"""A store in memory that compares every vector: the oracle that the real stores are held to."""

from collections.abc import Collection, Sequence

import numpy as np
from orchestra.vectors.checks import (
    Entry,
    Floats,
    Stored,
    checked_filter,
    checked_ids,
    checked_limit,
    checked_namespace,
    checked_records,
    checked_vector,
)
from orchestra.vectors.index import Health
from orchestra.vectors.records import AnyOf, Condition, Filter, Match, Range, Record, Scalar, Vector


class ExactStore:
    """Forgets everything when it goes."""

    def __init__(self) -> None:
        self._indexes: dict[tuple[str, int], ExactIndex] = {}

    def index(self, namespace: str, dimension: int) -> "ExactIndex":
        """The index of a namespace."""
        key = checked_namespace(namespace, dimension)
        return self._indexes.setdefault(key, ExactIndex(*key))

    async def health(self) -> Health:
        """Always well."""
        return Health("exact", "1")

    async def close(self) -> None:
        """Nothing is open."""


class ExactIndex:
    """One namespace in a dictionary."""

    def __init__(self, namespace: str, dimension: int) -> None:
        self.namespace, self.dimension = namespace, dimension
        self.entries: dict[str, Entry] = {}

    async def upsert(self, records: Sequence[Record]) -> None:
        """Keep records."""
        self.entries |= {entry.id: entry for entry in checked_records(records, self.dimension)}

    async def delete(self, ids: Collection[str] = (), *, where: Filter = ()) -> None:
        """Forget records."""
        names, conditions = set(checked_ids(ids)), checked_filter(where)
        self.entries = {
            id: entry
            for id, entry in self.entries.items()
            if id not in names and not (conditions and meets(entry.metadata, conditions))
        }

    async def clear(self) -> None:
        """Forget all of them."""
        self.entries = {}

    async def search(self, vector: Vector, limit: int, where: Filter = ()) -> list[Match]:
        """Compare with each."""
        wanted, conditions = checked_vector(vector, self.dimension), checked_filter(where)
        entries = [e for e in self.entries.values() if meets(e.metadata, conditions)]
        scores = cosine(wanted, [entry.vector for entry in entries])
        ranked = sorted(zip(scores, entries, strict=True), key=lambda p: (-p[0], p[1].id))
        return [Match(e.id, score, e.metadata) for score, e in ranked[: checked_limit(limit)]]

    async def count(self) -> int:
        """How many there are."""
        return len(self.entries)


def cosine(wanted: Floats, vectors: Sequence[Floats]) -> list[float]:
    """The similarity of each vector with the wanted one; all have length 1."""
    if not vectors:
        return []
    exact = np.asarray(vectors, dtype=np.float64) @ wanted.astype(np.float64)
    return [float(score) for score in np.clip(exact, -1.0, 1.0)]


def meets(metadata: Stored, conditions: Sequence[Condition]) -> bool:
    """Whether all conditions hold, told without terms or a query language."""
    return all(_holds(metadata.get(condition.field), condition) for condition in conditions)


def _holds(value: Scalar | list[str] | None, condition: Condition) -> bool:
    if isinstance(condition, Range):
        return _number(value) and _within(value, condition)  # type: ignore[arg-type]  # it is a number
    wanted = condition.values if isinstance(condition, AnyOf) else [condition.value]
    held = value if isinstance(value, list) else [value]
    return any(_same(a, b) for a in held for b in wanted)


def _same(a: Scalar | None, b: Scalar) -> bool:
    if _number(a) and _number(b):
        return a == b
    return type(a) is type(b) and a == b


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _within(value: float, bounds: Range) -> bool:
    return not (
        (bounds.at_least is not None and value < bounds.at_least)
        or (bounds.above is not None and value <= bounds.above)
        or (bounds.at_most is not None and value > bounds.at_most)
        or (bounds.below is not None and value >= bounds.below)
    )
