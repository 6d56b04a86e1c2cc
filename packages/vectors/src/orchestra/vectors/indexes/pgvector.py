"""Vectors in PostgreSQL: exact as long as that is quick, by an HNSW graph beyond.

Each collection is a partition. Up to `exact_below` rows, and for filters that leave no more than
that, every vector is compared. The upsert that goes beyond builds the graph, of half-precision
vectors, and what the graph finds is ranked again by the full ones.
"""

from collections.abc import Collection, Sequence

from orchestra.shared.db import Database
from orchestra.shared.errors import Unavailable
from orchestra.vectors.checks import (
    Entry,
    Floats,
    checked_filter,
    checked_ids,
    checked_limit,
    checked_namespace,
    checked_records,
    checked_vector,
    is_never,
    restored,
)
from orchestra.vectors.index import Health
from orchestra.vectors.indexes.pgvector_graph import Graph
from orchestra.vectors.indexes.pgvector_partition import (
    clauses,
    find,
    make,
    partition,
    upsert_into,
)
from orchestra.vectors.records import Filter, Match, Record, Vector
from orchestra.vectors.tables import VectorType
from orchestra.vectors.terms import terms_of
from sqlalchemy import Float, Subquery, Table, Text, bindparam, delete, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

EXACT_BELOW = 20_000  # rows: tens of milliseconds
_BATCH = 1_000  # rows in one transaction


class PgVectorStore:
    """The vectors of a PostgreSQL; the database is the caller's, and stays open."""

    def __init__(self, database: Database, *, exact_below: int = EXACT_BELOW) -> None:
        self._database = database
        self._exact_below = exact_below

    def index(self, namespace: str, dimension: int) -> "PgVectorIndex":
        """The index of a namespace."""
        return PgVectorIndex(self._database, namespace, dimension, exact_below=self._exact_below)

    async def health(self) -> Health:
        """Ask for pgvector's version."""
        query = text("select extversion from pg_extension where extname = 'vector'")
        async with self._database.transaction() as session:
            version = (await session.execute(query)).scalar_one_or_none()
        if version is None:
            raise Unavailable(
                "the database has no `vector` extension",
                hint="install pgvector, then run: create extension vector",
            )
        return Health("pgvector", version)

    async def close(self) -> None:
        """Nothing of its own is open."""


class PgVectorIndex:
    """One namespace in PostgreSQL; what `upsert` returned from is durable and found at once."""

    def __init__(
        self, database: Database, namespace: str, dimension: int, *, exact_below: int = EXACT_BELOW
    ) -> None:
        self.namespace, self.dimension = checked_namespace(namespace, dimension)
        self._database = database
        self._exact_below = exact_below
        self._collection: int | None = None
        self._graph_is_there = False

    async def upsert(self, records: Sequence[Record]) -> None:
        """Store records, a thousand in each transaction."""
        entries = checked_records(records, self.dimension)
        for start in range(0, len(entries), _BATCH):
            batch = entries[start : start + _BATCH]
            async with self._database.transaction() as session:
                collection = await self._found(session)
                if collection is None:
                    collection = await make(session, self.namespace, self.dimension)
                await session.execute(upsert_into(partition(collection)), _rows(collection, batch))
        if entries and not self._graph_is_there:
            await self._grow()

    async def delete(self, ids: Collection[str] = (), *, where: Filter = ()) -> None:
        """Remove records by id, or those that meet a filter."""
        names, conditions = checked_ids(ids), checked_filter(where)
        async with self._database.transaction() as session:
            table = await self._table(session)
            if table is None:
                return
            if names:
                chosen = bindparam("ids", names, ARRAY(Text))
                await session.execute(delete(table).where(table.c.id == func.any(chosen)))
            if conditions and not is_never(conditions):
                await session.execute(delete(table).where(*clauses(table, conditions)))

    async def clear(self) -> None:
        """Empty the partition."""
        async with self._database.transaction() as session:
            table = await self._table(session)
            if table is not None:
                await session.execute(text(f"truncate {table.fullname}"))

    async def search(self, vector: Vector, limit: int, where: Filter = ()) -> list[Match]:
        """The nearest records; exactly those wherever that is quick."""
        wanted, limit = checked_vector(vector, self.dimension), checked_limit(limit)
        conditions = checked_filter(where)
        if is_never(conditions):
            return []
        async with self._database.transaction() as session:
            table = await self._table(session)
            if table is None:
                return []
            chosen = clauses(table, conditions)
            graph = Graph(table, self.dimension, self._exact_below)
            if await graph.pays(session, chosen):
                near = await graph.near(session, chosen, wanted, limit)
                found = await _ranked(session, near, wanted, limit)
                if len(found) == limit:
                    return found
                await graph.leave(session)  # it found too few: there may be more
            every = select(table).where(*chosen).subquery()
            return await _ranked(session, every, wanted, limit)

    async def count(self) -> int:
        """How many records there are."""
        async with self._database.transaction() as session:
            table = await self._table(session)
            if table is None:
                return 0
            return (await session.execute(select(func.count()).select_from(table))).scalar_one()

    async def _found(self, session: AsyncSession) -> int | None:
        if self._collection is None:  # kept only when committed: what `make` returns may vanish
            self._collection = await find(session, self.namespace, self.dimension)
        return self._collection

    async def _table(self, session: AsyncSession) -> Table | None:
        collection = await self._found(session)
        return None if collection is None else partition(collection)

    async def _grow(self) -> None:
        async with self._database.transaction() as session:
            table = await self._table(session)
            if table is None:
                return
            graph = Graph(table, self.dimension, self._exact_below)
            self._graph_is_there = await graph.is_there(session)
            wanted = not self._graph_is_there and await graph.outgrown(session, [])
        if wanted:
            await graph.build(self._database)


def _rows(collection: int, entries: Sequence[Entry]) -> list[dict[str, object]]:
    return [
        {
            "collection": collection,
            "id": entry.id,
            "embedding": entry.vector,
            "metadata": entry.metadata,
            "terms": terms_of(entry.metadata),
        }
        for entry in entries
    ]


async def _ranked(session: AsyncSession, rows: Subquery, wanted: Floats, limit: int) -> list[Match]:
    """The nearest of these rows."""
    query = bindparam("query", wanted, VectorType())
    distance = rows.c.embedding.op("<=>", return_type=Float())(query)
    found = await session.execute(
        select(rows.c.id, rows.c.metadata, distance).order_by(distance, rows.c.id).limit(limit)
    )
    return [Match(id, max(-1.0, min(1.0, 1.0 - far)), restored(facts)) for id, facts, far in found]
