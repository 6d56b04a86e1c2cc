"""A database with all our tables for each test that asks for one."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from orchestra.gateway import MIGRATIONS
from orchestra.shared.db import Database
from orchestra.shared.migrations import Migrations
from orchestra.shared.testing.postgres import TemporaryPostgres
from orchestra.vectors import MIGRATIONS as VECTORS
from sqlalchemy import text


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


@pytest.fixture(scope="session")
def cache_dsn(postgres: TemporaryPostgres) -> Iterator[str]:
    dsn = postgres.create_database()
    asyncio.run(_migrate(dsn))
    yield dsn
    postgres.drop_database(dsn)


async def _migrate(dsn: str) -> None:
    database = Database(dsn)
    await Migrations(database, [VECTORS, MIGRATIONS]).apply()
    await database.close()


@pytest.fixture
async def cache_database(cache_dsn: str) -> AsyncIterator[Database]:
    """One database for all tests of the cache, emptied after each."""
    database = Database(cache_dsn)
    yield database
    tables = ("gateway_answers", "gateway_cache_checks", "gateway_cache_families", "vectors")
    async with database.transaction() as session:
        for table in tables:
            await session.execute(text(f"truncate orchestra.{table}"))
    await database.close()
