"""Our own database and the vector store are asked about themselves."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from orchestra.context.collectors.credentials import Credentials
from orchestra.context.collectors.database import DatabaseStatus
from orchestra.context.collectors.polling import SourceFailed
from orchestra.context.collectors.vector_store import VectorStore
from orchestra.context.config import WeaviateSource
from orchestra.shared.db import Database
from orchestra.shared.redaction import Redactor
from orchestra.shared.secrets import Secrets
from orchestra.shared.testing import TemporaryPostgres
from orchestra.shared.testing.http_service import Fault, HttpService, Reply, Request

KEY = "ultramarine-and-ochre"


@pytest.fixture(scope="module")
def postgres() -> Iterator[TemporaryPostgres]:
    with TemporaryPostgres() as server:
        yield server


@pytest.fixture
async def database(postgres: TemporaryPostgres) -> AsyncIterator[Database]:
    database = Database(postgres.create_database())
    yield database
    await database.close()


async def fetch_from(database: Database, query: str) -> Sequence[Mapping[str, object]]:
    connection = await database.connect()
    try:
        rows: Sequence[Mapping[str, object]] = await connection.fetch(query)
        return rows
    finally:
        await connection.close()


@pytest.mark.requirement("ctx.sources")
async def test_the_database_tells_version_size_connections_and_pending(database: Database) -> None:
    async def pending() -> list[str]:
        return ["0002"]

    look = await DatabaseStatus(database, pending).look()
    value = look.observation.value
    assert value is not None
    assert look.busy
    assert value["pending_migrations"] == {"0002": True}
    assert str(value["version"]).startswith("18")
    assert value["read_only"] is False
    assert isinstance(value["size_mib"], int)
    assert isinstance(value["connections"], int)


async def test_a_database_that_is_gone_is_a_failure_without_its_address() -> None:
    async def pending() -> list[str]:
        return []

    database = Database("postgresql://u:ultramarine@127.0.0.1:1/x")
    with pytest.raises(SourceFailed, match="hint: ") as caught:
        await DatabaseStatus(database, pending).look()
    assert "ultramarine" not in str(caught.value)
    await database.close()


@pytest.mark.requirement("ctx.sources")
async def test_pgvector_is_asked_with_a_canary(database: Database) -> None:
    observation = (await VectorStore(lambda q: fetch_from(database, q)).look()).observation
    assert observation.value is not None
    pgvector = observation.value["pgvector"]
    assert isinstance(pgvector, dict)
    canary = pgvector["canary"]
    assert isinstance(canary, dict)
    assert canary["right"] is True
    assert pgvector["installed"] == pgvector["available"]


async def test_a_database_without_pgvector_says_what_to_do(
    postgres: TemporaryPostgres, database: Database
) -> None:
    name = urlsplit(database.dsn).path.strip("/")
    owner = await asyncpg.connect(postgres.embedded.maintenance_dsn(), database=name)
    await owner.execute("drop extension vector")
    await owner.close()
    observation = (await VectorStore(lambda q: fetch_from(database, q)).look()).observation
    assert "create extension vector" in str(observation.detail)


async def test_a_vector_store_that_is_gone_is_a_failure() -> None:
    database = Database("postgresql://u:ultramarine@127.0.0.1:1/x")
    with pytest.raises(SourceFailed, match="hint: "):
        await VectorStore(lambda q: fetch_from(database, q)).look()
    await database.close()


class FakeWeaviate(HttpService):
    def answer(self, request: Request) -> Reply:
        if request.bearer != KEY:
            return Reply({"error": [{"message": "unauthorized"}]}, status=401)
        if request.path == "/v1/.well-known/ready":
            return Reply(body=b"")
        modules: dict[str, None | str] = {"text2vec-openai": None}
        return Reply({"hostname": self.url, "version": "1.39.0", "modules": {**modules}})


async def test_a_weaviate_is_asked_when_one_is_configured(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEAVIATE_API_KEY", KEY)
    async with FakeWeaviate() as weaviate:
        store = VectorStore(
            lambda q: fetch_from(database, q),
            config=WeaviateSource(token="secret://env/WEAVIATE_API_KEY"),
            credentials=Credentials(Secrets(tmp_path, Redactor())),
            weaviate_url=weaviate.url,
        )
        ready = (await store.look()).observation
        weaviate.fail(Fault(reply=Reply(None, 503)))
        gone = (await store.look()).observation
    assert ready.value is not None
    assert gone.value is not None
    found = ready.value["weaviate"]
    assert isinstance(found, dict)
    assert (found["ready"], found["version"], found["modules"]) == (
        True,
        "1.39.0",
        {"text2vec-openai": True},
    )
    assert "HTTP 503" in str(gone.detail)
    assert gone.value["pgvector"] == ready.value["pgvector"] or gone.status == "ok"
