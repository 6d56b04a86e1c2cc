"""A git repository, a database and a context log for each test that asks for them."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from orchestra.context import MIGRATIONS, ContextLog, Snapshots
from orchestra.context.git.testing import GitRepository
from orchestra.shared.db import Database
from orchestra.shared.events import EventLog, PostgresBus
from orchestra.shared.metrics import Metrics
from orchestra.shared.migrations import Migrations
from orchestra.shared.redaction import Redactor
from orchestra.shared.testing.postgres import TemporaryPostgres


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    """A repository with one commit of `a.txt` and `src/b.py`."""
    made = GitRepository.create(tmp_path / "repository")
    made.write("a.txt")
    made.write("src/b.py", "b = 1\n")
    made.commit("first")
    return made


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
async def context(database: Database, events: EventLog) -> AsyncIterator[ContextLog]:
    log = ContextLog("test-workspace", events, Snapshots(database))
    await log.start()
    yield log
    await log.close()
