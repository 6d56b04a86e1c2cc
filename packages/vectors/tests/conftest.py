"""One store after another, behind one fixture: the same tests run over all of them.

PostgreSQL and the stand-ins always; real services where the environment names them:
ORCHESTRA_WEAVIATE_BIN (a server program), WEAVIATE_URL, PINECONE_API_KEY.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from orchestra.shared.db import Database
from orchestra.shared.migrations import Migrations
from orchestra.shared.settings import Settings
from orchestra.shared.testing.postgres import TemporaryPostgres
from orchestra.vectors import MIGRATIONS, VectorStore, open_store
from orchestra.vectors.indexes.pgvector import PgVectorStore
from orchestra.vectors.indexes.pinecone import PineconeStore
from orchestra.vectors.indexes.weaviate import WeaviateStore
from orchestra.vectors.indexes.weaviate_server import WeaviateServer
from orchestra.vectors.testing.exact import ExactStore
from orchestra.vectors.testing.pinecone import FakePinecone
from orchestra.vectors.testing.settled import SettledStore
from orchestra.vectors.testing.trial import Trial
from orchestra.vectors.testing.weaviate import FakeWeaviate
from pydantic import SecretStr

SETTINGS = Settings.load()


@dataclass(frozen=True, slots=True)
class Opening:
    """How a store is opened; `needs` is a fixture of the session that it stands on."""

    open: Callable[[Any, AsyncExitStack], Awaitable[VectorStore]]  # Any: that fixture
    needs: str = "dsn"


@pytest.fixture(scope="session")
def postgres() -> Iterator[TemporaryPostgres]:
    with TemporaryPostgres() as server:
        yield server


@pytest.fixture(scope="session")
def dsn(postgres: TemporaryPostgres) -> str:
    return postgres.create_database()


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    async with AsyncExitStack() as stack:
        yield await _database(dsn, stack)


@pytest.fixture(scope="session")
def weaviate_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WeaviateServer]:
    assert SETTINGS.weaviate_bin is not None
    server = WeaviateServer(SETTINGS.weaviate_bin, tmp_path_factory.mktemp("weaviate"))
    with asyncio.Runner() as runner:
        runner.run(server.__aenter__())
        yield server
        runner.run(server.__aexit__(None, None, None))


async def _database(dsn: str, stack: AsyncExitStack) -> Database:
    database = Database(dsn)
    stack.push_async_callback(database.close)
    await Migrations(database, [MIGRATIONS]).apply()
    return database


async def _exact(dsn: str, stack: AsyncExitStack) -> VectorStore:
    return ExactStore()


async def _pgvector(dsn: str, stack: AsyncExitStack) -> VectorStore:
    return PgVectorStore(await _database(dsn, stack))


async def _pgvector_graph(dsn: str, stack: AsyncExitStack) -> VectorStore:
    return PgVectorStore(await _database(dsn, stack), exact_below=8)


async def _weaviate(dsn: str, stack: AsyncExitStack) -> VectorStore:
    double = await stack.enter_async_context(FakeWeaviate("a-key-of-the-double"))
    return WeaviateStore(double.url, grpc=double.grpc, key=SecretStr(double.key))


async def _weaviate_server(server: WeaviateServer, stack: AsyncExitStack) -> VectorStore:
    return WeaviateStore(server.url, grpc=server.grpc, key=server.key)


async def _weaviate_live(dsn: str, stack: AsyncExitStack) -> VectorStore:
    return await open_store(SETTINGS.model_copy(update={"vector_store": "weaviate"}))


async def _pinecone(dsn: str, stack: AsyncExitStack) -> VectorStore:
    double = await stack.enter_async_context(FakePinecone("a-key-of-the-double"))
    return PineconeStore(SecretStr(double.key), url=double.url)


async def _pinecone_live(dsn: str, stack: AsyncExitStack) -> VectorStore:
    return SettledStore(await open_store(SETTINGS.model_copy(update={"vector_store": "pinecone"})))


STORES = {
    "exact": Opening(_exact),
    "pgvector": Opening(_pgvector),
    "pgvector-graph": Opening(_pgvector_graph),
    "weaviate": Opening(_weaviate),
    "pinecone": Opening(_pinecone),
}
if SETTINGS.weaviate_bin:
    STORES["weaviate-server"] = Opening(_weaviate_server, "weaviate_server")
if SETTINGS.weaviate_url:
    STORES["weaviate-live"] = Opening(_weaviate_live)
if SETTINGS.pinecone_api_key:
    STORES["pinecone-live"] = Opening(_pinecone_live)


@pytest.fixture(params=STORES)
def store_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def stands_on(request: pytest.FixtureRequest, store_name: str) -> object:
    return request.getfixturevalue(STORES[store_name].needs)


@pytest.fixture
async def trial(store_name: str, stands_on: object) -> AsyncIterator[Trial]:
    async with AsyncExitStack() as stack:
        store = await STORES[store_name].open(stands_on, stack)
        stack.push_async_callback(store.close)
        trial = Trial(store_name, store)
        if store_name.endswith("-live"):
            stack.push_async_callback(trial.clear)
        yield trial
