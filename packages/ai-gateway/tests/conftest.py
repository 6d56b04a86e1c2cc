"""A database with all our tables for each test that asks for one."""

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


@pytest.fixture
async def database(postgres: TemporaryPostgres) -> AsyncIterator[Database]:
    dsn = postgres.create_database()
    database = Database(dsn)
    await Migrations(database, [MIGRATIONS]).apply()
    yield database
    await database.close()
    postgres.drop_database(dsn)
