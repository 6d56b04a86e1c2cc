"""How vectors lie in Weaviate: a collection for each dimension, a tenant for each namespace.

An object has its id, its metadata as JSON, its metadata as terms, and each number once more in a
property of its own, because ranges need one.
"""

import hashlib
import re
from typing import Any, TypeAlias
from uuid import UUID, uuid5

import orjson
from orchestra.vectors.checks import Entry
from orchestra.vectors.records import AnyOf, Condition, Range
from orchestra.vectors.terms import numbers_of, terms_of, wanted_terms
from weaviate import WeaviateAsyncClient
from weaviate.classes.config import (
    Configure,
    DataType,
    Property,
    Tokenization,
    VectorDistances,
)
from weaviate.classes.data import DataObject
from weaviate.classes.query import Filter as Where
from weaviate.collections.classes.filters import _Filters
from weaviate.exceptions import UnexpectedStatusCodeError, WeaviateInvalidInputError

KEY, METADATA, TERMS = "key", "metadata", "terms"
Stored: TypeAlias = DataObject[dict[str, Any], None]  # properties of several types
_LEAST = -1.7976931348623157e308
_IDS = UUID("6d3f0f3e-5f0b-4a0e-9c39-3f6c3a3b8f52")


def collection_of(dimension: int) -> str:
    """The name of the collection for vectors of one dimension."""
    return f"OrchestraVectors{dimension}"


def tenant_of(namespace: str) -> str:
    """The name of a namespace's tenant: readable at its start, unique at its end."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", namespace)[:24].strip("-")
    return f"{plain}-{hashlib.sha256(namespace.encode()).hexdigest()[:32]}"


def uuid_of(id: str) -> UUID:
    """The id that Weaviate knows a record by; within a tenant."""
    return uuid5(_IDS, id)


def property_of(field: str) -> str:
    """The property of a number; Weaviate would take two that differ only in case for one."""
    if field == field.lower():
        return f"n_{field}"
    return f"n_{field.lower()}__{hashlib.sha256(field.encode()).hexdigest()[:12]}"


def object_of(entry: Entry) -> Stored:
    """A record as Weaviate keeps it."""
    numbers = numbers_of(entry.metadata)
    return DataObject(
        uuid=uuid_of(entry.id),
        vector=entry.vector.tolist(),
        properties={
            KEY: entry.id,
            METADATA: orjson.dumps(entry.metadata).decode(),
            TERMS: terms_of(entry.metadata),
            **{property_of(field): number for field, number in numbers.items()},
        },
    )


def where_of(conditions: list[Condition]) -> _Filters | None:
    """A filter as Weaviate reads it."""
    parts = [part for condition in conditions for part in _parts(condition)]
    return Where.all_of(parts) if parts else None


def _parts(condition: Condition) -> list[_Filters]:
    if isinstance(condition, AnyOf):
        return [Where.by_property(TERMS).contains_any(wanted_terms(condition))]
    if not isinstance(condition, Range):
        return []
    value = Where.by_property(property_of(condition.field))
    parts: list[_Filters] = []
    if condition.at_least is not None:
        parts.append(value.greater_or_equal(float(condition.at_least)))
    if condition.above is not None:
        parts.append(value.greater_than(float(condition.above)))
    if condition.at_most is not None:
        parts.append(value.less_or_equal(float(condition.at_most)))
    if condition.below is not None:
        parts.append(value.less_than(float(condition.below)))
    return parts or [value.greater_or_equal(_LEAST)]


async def properties(client: WeaviateAsyncClient, dimension: int) -> set[str] | None:
    """The properties of the collection, if it is there."""
    name = collection_of(dimension)
    if not await client.collections.exists(name):
        return None
    config = await client.collections.use(name).config.get(simple=True)
    return {property.name for property in config.properties}


async def create(client: WeaviateAsyncClient, dimension: int) -> None:
    """Create the collection, unless another was quicker."""
    hnsw = Configure.VectorIndex.hnsw(distance_metric=VectorDistances.COSINE)
    try:
        await client.collections.create(
            collection_of(dimension),
            properties=[
                _text(KEY),
                _text(METADATA),
                Property(
                    name=TERMS,
                    data_type=DataType.TEXT_ARRAY,
                    tokenization=Tokenization.FIELD,  # a term is one token, in its own case
                    index_filterable=True,
                    index_searchable=False,
                ),
            ],
            vector_config=Configure.Vectors.self_provided(
                vector_index_config=hnsw, quantizer=Configure.VectorIndex.Quantizer.none()
            ),
            multi_tenancy_config=Configure.multi_tenancy(
                enabled=True, auto_tenant_creation=True, auto_tenant_activation=True
            ),
        )
    except UnexpectedStatusCodeError as error:
        if error.status_code != 422 or "already exists" not in str(error):
            raise


async def add_number(client: WeaviateAsyncClient, dimension: int, name: str) -> None:
    """Add the property of a number, unless another was quicker."""
    number = Property(
        name=name, data_type=DataType.NUMBER, index_filterable=False, index_range_filters=True
    )
    try:
        await client.collections.use(collection_of(dimension)).config.add_property(number)
    except (WeaviateInvalidInputError, UnexpectedStatusCodeError):
        if name not in (await properties(client, dimension) or set()):
            raise


def _text(name: str) -> Property:
    return Property(
        name=name,
        data_type=DataType.TEXT,
        tokenization=Tokenization.FIELD,
        index_filterable=False,
        index_searchable=False,
    )
