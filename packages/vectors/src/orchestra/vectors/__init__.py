"""Embedders and vector indexes: pgvector, Weaviate, Pinecone."""

from pathlib import Path

from orchestra.vectors.index import Embedder, Health, Kind, VectorIndex, VectorStore
from orchestra.vectors.opening import open_embedder, open_index, open_store
from orchestra.vectors.records import (
    AnyOf,
    Condition,
    Equals,
    Filter,
    Match,
    Metadata,
    Range,
    Record,
    Scalar,
    Vector,
)

MIGRATIONS = Path(__file__).parent / "migrations"
"""The folder of this package's schema migrations."""

__all__ = [
    "MIGRATIONS",
    "AnyOf",
    "Condition",
    "Embedder",
    "Equals",
    "Filter",
    "Health",
    "Kind",
    "Match",
    "Metadata",
    "Range",
    "Record",
    "Scalar",
    "Vector",
    "VectorIndex",
    "VectorStore",
    "open_embedder",
    "open_index",
    "open_store",
]
