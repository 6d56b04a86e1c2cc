"""A database with all our tables for each test that asks for one."""

from collections.abc import AsyncIterator, Iterator

import bpe_openai
import pytest
from orchestra.coordination import MIGRATIONS
from orchestra.coordination.testing.tasks import TaskDesk
from orchestra.shared.db import Database
from orchestra.shared.events import EventLog, PostgresBus
from orchestra.shared.metrics import Metrics
from orchestra.shared.migrations import Migrations
from orchestra.shared.redaction import Redactor
from orchestra.shared.testing.postgres import TemporaryPostgres

ENCODING = bpe_openai.get_encoding("cl100k_base")


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


@pytest.fixture
async def events(database: Database) -> AsyncIterator[EventLog]:
    log = EventLog(database, PostgresBus(database), redactor=Redactor(), metrics=Metrics())
    await log.start()
    yield log
    await log.close()


@pytest.fixture
def desk(database: Database, events: EventLog) -> TaskDesk:
    return TaskDesk(database, events, count_tokens)


def count_tokens(text: str) -> int:
    """As the application counts them."""
    return len(ENCODING.encode_ordinary(text))
