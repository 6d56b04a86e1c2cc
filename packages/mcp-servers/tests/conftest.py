"""The MCP endpoints over a real database and real HTTP, with a small host around them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from mcp.client import Client
from orchestra.context import MIGRATIONS, ContextLog, Snapshots
from orchestra.coordination import MIGRATIONS as COORDINATION
from orchestra.mcp import ContextPart, McpEndpoints
from orchestra.mcp.testing import Calls, Connect, Era, McpHost, serving
from orchestra.shared.db import Database
from orchestra.shared.events import EventLog, PostgresBus
from orchestra.shared.metrics import Metrics
from orchestra.shared.migrations import Migrations
from orchestra.shared.redaction import Redactor
from orchestra.shared.testing import TemporaryPostgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[TemporaryPostgres]:
    with TemporaryPostgres() as server:
        yield server


@pytest.fixture(scope="session")
def migrated(postgres: TemporaryPostgres) -> str:
    """A database with our tables, to be copied for each test."""
    dsn = postgres.create_database()

    async def migrate() -> None:
        database = Database(dsn)
        await Migrations(database, [MIGRATIONS, COORDINATION]).apply()
        await database.close()

    asyncio.run(migrate())
    return dsn


@pytest.fixture
async def context(
    postgres: TemporaryPostgres, migrated: str
) -> AsyncIterator[tuple[EventLog, ContextLog]]:
    dsn = postgres.create_database(like=migrated)
    database = Database(dsn)
    events = EventLog(database, PostgresBus(database), redactor=Redactor(), metrics=Metrics())
    await events.start()
    log = ContextLog("test", events, Snapshots(database))
    await log.start()
    yield events, log
    await log.close()
    await events.close()
    await database.close()
    postgres.drop_database(dsn)


@pytest.fixture
async def host(context: tuple[EventLog, ContextLog]) -> AsyncIterator[McpHost]:
    events, log = context
    calls, settled = Calls(), []

    async def settle() -> None:
        settled.append(log.seq)

    endpoints = McpEndpoints(
        [ContextPart(log, settle)], version="0.1.0", hosts=["127.0.0.1"], metrics=calls
    )
    host = McpHost(endpoints, log, events, calls, settled)
    async with endpoints.run(), serving(host) as url:
        host.url = url
        yield host


@pytest.fixture(params=["legacy", "auto"])
def era(request: pytest.FixtureRequest) -> Era:
    chosen: Era = request.param
    return chosen


@pytest.fixture
def connect(host: McpHost, era: Era) -> Connect:
    """Connects a client of the SDK, in each protocol era."""

    def connect(**options: Any) -> AbstractAsyncContextManager[Client]:  # noqa: ANN401 - passed on
        return host.client(era, **options)

    return connect
