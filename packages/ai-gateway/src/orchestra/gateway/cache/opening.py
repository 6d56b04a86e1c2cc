"""Puts the cache together: memory, the database, and the embedder where one is given."""

import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from orchestra.gateway.cache.asked import Place
from orchestra.gateway.cache.config import CacheSection
from orchestra.gateway.cache.response_cache import ResponseCache, said_price
from orchestra.gateway.cache.store import PATIENCE, AnswerStore
from orchestra.gateway.calls import Answer
from orchestra.shared.db import Database
from orchestra.shared.errors import OrchestraError
from orchestra.shared.redaction import Redactor
from orchestra.vectors import Embedder, VectorStore

if TYPE_CHECKING:
    from orchestra.gateway.cache.semantic.tier import SemanticTier


@asynccontextmanager
async def opened_cache(
    section: CacheSection,
    database: Database,
    redactor: Redactor,
    *,
    place: Callable[[], Place] = Place,
    embedder: Embedder | None = None,
    vectors: VectorStore | None = None,
    price: Callable[[Answer], int | None] = said_price,
    patience: float = PATIENCE,
) -> AsyncGenerator[ResponseCache]:
    """The cache for the length of a block; without an embedder or vectors, its exact tier alone."""
    store = AnswerStore(database, redactor, patience=patience)
    near, closed = None, "off: `near` and `semantic` are not set in `[cache]`"
    if section.by_likeness and embedder is not None and vectors is not None:
        try:
            near = _tier(section, database, store, embedder, vectors)
        except OrchestraError as error:
            closed = error.message
    cache = ResponseCache(section, place=place, store=store, near=near, closed=closed, price=price)
    await store.start()
    try:
        yield cache
    finally:
        await store.close()


def _tier(
    section: CacheSection,
    database: Database,
    store: AnswerStore,
    embedder: Embedder,
    vectors: VectorStore,
) -> "SemanticTier":
    from orchestra.gateway.cache.semantic.embedding import Embedding  # seldom wanted, and large
    from orchestra.gateway.cache.semantic.families import Families, StoredRecords
    from orchestra.gateway.cache.semantic.tier import SemanticTier

    records = StoredRecords(database, secrets.token_hex(4))
    families = Families(records, target=section.false_hits, confidence=section.confidence)
    embedding, dimension = Embedding(embedder, patience=4 * store.patience), embedder.dimension
    return SemanticTier(embedding, vectors, dimension, store, families, checks=section.checks)
