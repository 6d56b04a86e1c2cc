"""A real PostgreSQL for the whole run, a fresh migrated database for each test."""

from collections.abc import AsyncIterator, Iterator

import pytest
from orchestra.shared.db import Database
from orchestra.shared.events import EventLog, PostgresBus
from orchestra.shared.metrics import Metrics
from orchestra.shared.migrations import Migrations
from orchestra.shared.redaction import Redactor
from orchestra.shared.testing.postgres import TemporaryPostgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[TemporaryPostgres]:
    with TemporaryPostgres() as server:
        yield server


@pytest.fixture
def dsn(postgres: TemporaryPostgres) -> Iterator[str]:
    dsn = postgres.create_database()
    yield dsn
    postgres.drop_database(dsn)


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    database = Database(dsn)
    await Migrations(database).apply()
    yield database
    await database.close()


@pytest.fixture
async def events(database: Database) -> AsyncIterator[EventLog]:
    log = EventLog(database, PostgresBus(database), redactor=Redactor(), metrics=Metrics())
    await log.start()
    yield log
    await log.close()
