"""What only PostgreSQL can get wrong: its graph, its partitions, its absence."""

import asyncio

import asyncpg
import numpy as np
import pytest
from orchestra.shared.db import Database
from orchestra.shared.errors import Unavailable
from orchestra.vectors import Equals, Record
from orchestra.vectors.indexes.pgvector import PgVectorIndex, PgVectorStore
from orchestra.vectors.indexes.pgvector_graph import Graph
from orchestra.vectors.indexes.pgvector_partition import clauses, find, partition
from orchestra.vectors.records import AnyOf
from sqlalchemy import select, text

pytestmark = pytest.mark.requirement("vec.indexes")


def records(number: int, dimension: int = 16) -> list[Record]:
    points = np.random.default_rng(7).normal(size=(number, dimension))
    return [Record(f"r{n}", p.tolist(), {"even": n % 2 == 0}) for n, p in enumerate(points)]


async def graph_of(index: PgVectorIndex, database: Database) -> Graph:
    async with database.transaction() as session:
        number = await find(session, index.namespace, index.dimension)
    assert number is not None
    return Graph(partition(number), index.dimension, 100)


async def test_a_large_collection_is_searched_through_its_graph(database: Database) -> None:
    index = PgVectorStore(database, exact_below=100).index("pg/graph", 16)
    await index.upsert(records(90))
    graph = await graph_of(index, database)
    async with database.transaction() as session:
        assert not await graph.is_there(session)

    await index.upsert(records(600))

    query = np.ones(16, dtype=np.float32)
    async with database.transaction() as session:
        assert await graph.is_there(session)
        assert await graph.pays(session, [])
        some = clauses(graph.table, [AnyOf("even", [True])])
        assert await graph.pays(session, some)
        await session.execute(select(await graph.near(session, some, query, 10)))
        scans = text("select pg_stat_get_xact_numscans(to_regclass(:name)::oid)")
        name = f"{graph.table.schema}.{graph.name}"
        assert (await session.execute(scans, {"name": name})).scalar_one() == 1
    assert len(await index.search(query, 1000)) == 600


async def test_a_graph_left_half_built_is_built_anew(database: Database) -> None:
    store = PgVectorStore(database, exact_below=100)
    index = store.index("pg/broken", 16)
    await index.upsert(records(90))
    graph = await graph_of(index, database)
    connection = await database.connect()
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute(
            f"create unique index concurrently {graph.name} on {graph.table.fullname} (collection)"
        )
    await connection.close()
    async with database.transaction() as session:
        assert not await graph.is_there(session)

    await index.upsert(records(101))

    async with database.transaction() as session:
        assert await graph.is_there(session)


async def test_processes_that_grow_the_same_collection_build_one_graph(database: Database) -> None:
    stores = [PgVectorStore(database, exact_below=50) for _ in range(4)]
    every = records(400)

    async with asyncio.timeout(60):
        await asyncio.gather(
            *(
                store.index("pg/race", 16).upsert(every[100 * n : 100 * n + 100])
                for n, store in enumerate(stores)
            )
        )

    index = stores[0].index("pg/race", 16)
    await index.upsert(every[:1])
    graph = await graph_of(index, database)
    async with database.transaction() as session:
        assert await graph.is_there(session)
    assert await index.count() == 400


async def test_a_rare_value_is_found_among_many(database: Database) -> None:
    index = PgVectorStore(database, exact_below=100).index("pg/rare", 16)
    await index.upsert([*records(1000), Record("needle", [-1.0] * 16, {"kind": "needle"})])

    found = await index.search([1.0] * 16, 5, [Equals("kind", "needle")])

    assert [match.id for match in found] == ["needle"]


async def test_a_namespace_that_failed_to_be_written_first_can_be_written_later(
    database: Database,
) -> None:
    index = PgVectorStore(database).index("pg/first", 4)
    async with database.transaction() as session:
        await session.execute(text("alter table orchestra.vectors rename to elsewhere"))
    with pytest.raises(Exception, match="vectors"):
        await index.upsert([Record("a", [1, 0, 0, 0])])
    async with database.transaction() as session:
        await session.execute(text("alter table orchestra.elsewhere rename to vectors"))

    await index.upsert([Record("a", [1, 0, 0, 0])])

    assert await index.count() == 1


async def test_a_database_that_is_away_is_unavailable() -> None:
    database = Database("postgresql://nobody@127.0.0.1:9/none")
    store = PgVectorStore(database)

    for call in (
        store.health(),
        store.index("a", 2).count(),
        store.index("a", 2).search([1, 0], 1),
        store.index("a", 2).upsert([Record("a", [1, 0])]),
    ):
        with pytest.raises(Unavailable, match="does not answer"):
            await call
    await database.close()
