"""A database with all our tables for each test that asks for one."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from orchestra.gateway import MIGRATIONS
from orchestra.shared.db import Database
from orchestra.shared.migrations import Migrations
from orchestra.shared.testing.postgres import TemporaryPostgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[TemporaryPostgres]:
    with TemporaryPostgres() as server:
        yield server


@pytest.fixture(scope="session")
def migrated(postgres: TemporaryPostgres) -> str:
    """A database to copy: that takes less than the migrations do."""

    async def migrate() -> None:
        database = Database(dsn)
        await Migrations(database, [MIGRATIONS]).apply()
        await database.close()

    dsn = postgres.create_database()
    asyncio.run(migrate())
    return dsn


@pytest.fixture
async def database(postgres: TemporaryPostgres, migrated: str) -> AsyncIterator[Database]:
    dsn = postgres.create_database(like=migrated)
    database = Database(dsn)
    yield database
    await database.close()
    postgres.drop_database(dsn)
