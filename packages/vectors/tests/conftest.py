"""One store after another, behind one fixture: the same tests run over all of them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack

import pytest
from orchestra.shared.db import Database
from orchestra.shared.migrations import Migrations
from orchestra.shared.testing.postgres import TemporaryPostgres
from orchestra.vectors import MIGRATIONS, VectorStore
from orchestra.vectors.indexes.pgvector import PgVectorStore
from orchestra.vectors.testing.exact import ExactStore
from orchestra.vectors.testing.trial import Trial

Opener = Callable[[pytest.FixtureRequest, AsyncExitStack], Awaitable[VectorStore]]


@pytest.fixture(scope="session")
def postgres() -> Iterator[TemporaryPostgres]:
    with TemporaryPostgres() as server:
        yield server


@pytest.fixture(scope="session")
def dsn(postgres: TemporaryPostgres) -> str:
    return postgres.create_database()


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    database = Database(dsn)
    await Migrations(database, [MIGRATIONS]).apply()
    yield database
    await database.close()


async def _database(request: pytest.FixtureRequest, stack: AsyncExitStack) -> Database:
    database = Database(request.getfixturevalue("dsn"))
    stack.push_async_callback(database.close)
    await Migrations(database, [MIGRATIONS]).apply()
    return database


async def _exact(request: pytest.FixtureRequest, stack: AsyncExitStack) -> VectorStore:
    return ExactStore()


async def _pgvector(request: pytest.FixtureRequest, stack: AsyncExitStack) -> VectorStore:
    return PgVectorStore(await _database(request, stack))


async def _pgvector_graph(request: pytest.FixtureRequest, stack: AsyncExitStack) -> VectorStore:
    return PgVectorStore(await _database(request, stack), exact_below=8)


STORES: dict[str, Opener] = {
    "exact": _exact,
    "pgvector": _pgvector,
    "pgvector-graph": _pgvector_graph,
}


@pytest.fixture(params=STORES)
async def trial(request: pytest.FixtureRequest) -> AsyncIterator[Trial]:
    async with AsyncExitStack() as stack:
        store = await STORES[request.param](request, stack)
        stack.push_async_callback(store.close)
        yield Trial(request.param, store)
