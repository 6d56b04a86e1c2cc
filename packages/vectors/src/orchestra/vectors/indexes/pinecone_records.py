"""How records and filters are written for Pinecone.

Metadata are Pinecone's own, so that they can be read in its console. Its ids are ASCII: others are
percent-encoded or, when that is too long, hashed, and kept whole beside the metadata.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import numpy as np
import orjson
from orchestra.vectors.checks import Entry, restored
from orchestra.vectors.records import AnyOf, Condition, Match, Range, Scalar

_ID = "_id"  # no field of ours begins with an underscore
_LONGEST_ID = 512
_MOST_IN_CALL, _LARGEST_CALL = 100, 1_500_000  # vectors; bytes, of the 2 MB that are taken
_LEAST = -1.7976931348623157e308

Json = dict[str, Any]  # a JSON object of their API


def id_of(id: str) -> str:
    """The id that Pinecone knows a record by."""
    encoded = quote(id, safe=" /#:@+,;=()[]{}!$&'*?<>|^`\"\\")
    if len(encoded) <= _LONGEST_ID:
        return encoded
    return f"%sha256:{hashlib.sha256(id.encode()).hexdigest()}"


def vector_of(entry: Entry) -> Json:
    """A record as Pinecone takes it."""
    known = id_of(entry.id)
    kept = {} if known == entry.id else {_ID: entry.id}
    values = np.round(entry.vector.astype(np.float64), 9).tolist()
    return {"id": known, "values": values, "metadata": {**entry.metadata, **kept}}


def batches(entries: Sequence[Entry]) -> Iterator[list[Json]]:
    """Records in portions that one call may bring."""
    batch: list[Json] = []
    size = 0
    for entry in entries:
        vector = vector_of(entry)
        bytes_of_it = len(orjson.dumps(vector))
        if batch and (len(batch) == _MOST_IN_CALL or size + bytes_of_it > _LARGEST_CALL):
            yield batch
            batch, size = [], 0
        batch.append(vector)
        size += bytes_of_it
    if batch:
        yield batch


def match_of(id: str, score: float, metadata: Mapping[str, Any] | None) -> Match:
    """What was found."""
    facts = dict(metadata or {})
    name = str(facts.pop(_ID, id))
    return Match(name, max(-1.0, min(1.0, score)), restored(facts))


def filter_of(conditions: Sequence[Condition]) -> Json | None:
    """A filter in Pinecone's language."""
    parts = [part for condition in conditions for part in _parts(condition)]
    return {"$and": parts} if parts else None


def _parts(condition: Condition) -> list[Json]:
    if isinstance(condition, AnyOf):
        return [_any_of(condition.field, condition.values)]
    if not isinstance(condition, Range):
        return []
    bounds = {
        "$gte": condition.at_least,
        "$gt": condition.above,
        "$lte": condition.at_most,
        "$lt": condition.below,
    }
    given = {operator: bound for operator, bound in bounds.items() if bound is not None}
    return [{condition.field: {name: bound}} for name, bound in (given or {"$gte": _LEAST}).items()]


def _any_of(field: str, values: Sequence[Scalar]) -> Json:
    """`$in` takes texts or numbers; booleans are asked for one by one."""
    texts = [value for value in values if isinstance(value, str)]
    truths = [value for value in values if isinstance(value, bool)]
    numbers = [v for v in values if not isinstance(v, str | bool)]
    parts: list[Json] = [{field: {"$in": group}} for group in (texts, numbers) if group]
    parts += [{field: {"$eq": truth}} for truth in dict.fromkeys(truths)]
    return parts[0] if len(parts) == 1 else {"$or": parts}
