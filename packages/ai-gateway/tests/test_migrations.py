"""The migrations make the tables that the code speaks of."""

from collections.abc import AsyncIterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from orchestra.gateway import MIGRATIONS
from orchestra.gateway.cost import tables
from orchestra.shared.db import SCHEMA, Database
from orchestra.shared.migrations import Migrations
from orchestra.shared.tables import Table
from orchestra.shared.testing.postgres import TemporaryPostgres
from sqlalchemy import Connection
from sqlalchemy.schema import SchemaItem


@pytest.fixture
async def database(postgres: TemporaryPostgres) -> AsyncIterator[Database]:
    """Migrated after the first connection, which takes the schema at that moment for the default."""
    dsn = postgres.create_database()
    database = Database(dsn)
    await Migrations(database, [MIGRATIONS]).apply()
    yield database
    await database.close()
    postgres.drop_database(dsn)


OURS = {
    mapper.local_table.name  # type: ignore[attr-defined]  # each class of ours is one table
    for mapper in Table.registry.mappers
    if mapper.class_.__module__ in (tables.__name__, Table.__module__)
}


def _known(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "schema" or name == SCHEMA


def _ours(_item: SchemaItem, name: str | None, kind: str, _reflected: bool, _to: object) -> bool:
    return kind != "table" or name in OURS


def _differences(connection: Connection) -> list[object]:
    options = {
        "include_schemas": True,
        "include_name": _known,
        "include_object": _ours,
        "version_table_schema": SCHEMA,
    }
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, Table.metadata))


async def test_the_migrations_make_the_tables_that_the_code_speaks_of(database: Database) -> None:
    async with database.engine.connect() as connection:
        assert await connection.run_sync(_differences) == []


async def test_they_are_applied_once(database: Database) -> None:
    assert await Migrations(database, [MIGRATIONS]).apply() == []
