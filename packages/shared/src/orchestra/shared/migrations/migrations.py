"""Runs Alembic over the migrations that each package brings."""

from collections.abc import Sequence
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from orchestra.shared.db import SCHEMA, Database
from sqlalchemy import Connection, text

HERE = Path(__file__).parent
_LOCK = 0x6F72_6368  # any number, the same in every process


class Migrations:
    """The migrations of all packages: each brings a folder with a line of revisions of its own."""

    def __init__(self, database: Database, locations: Sequence[Path] = ()) -> None:
        self._database = database
        self._config = Config()
        self._config.set_main_option("script_location", str(HERE))
        self._config.set_main_option("path_separator", "newline")
        folders = [HERE / "versions", *locations]
        self._config.set_main_option("version_locations", "\n".join(map(str, folders)))

    async def pending(self) -> list[str]:
        """The revisions that the database lacks, oldest first."""
        async with self._database.engine.connect() as connection:
            return await connection.run_sync(self._pending)

    async def apply(self) -> list[str]:
        """Bring the database up to date; returns what was applied. Safe when processes race."""
        async with self._database.engine.begin() as connection:
            await connection.execute(text("select pg_advisory_xact_lock(:k)"), {"k": _LOCK})
            await connection.execute(text(f"create schema if not exists {SCHEMA}"))
            applied = await connection.run_sync(self._pending)
            if applied:
                await connection.run_sync(self._upgrade)
        return applied

    def _pending(self, connection: Connection) -> list[str]:
        scripts = ScriptDirectory.from_config(self._config)
        context = MigrationContext.configure(connection, opts={"version_table_schema": SCHEMA})
        known = set(context.get_current_heads())
        done = {r.revision for head in known for r in scripts.iterate_revisions(head, "base")}
        every = [r.revision for r in scripts.walk_revisions("base", "heads")]
        return [revision for revision in reversed(every) if revision not in done]

    def _upgrade(self, connection: Connection) -> None:
        self._config.attributes["connection"] = connection
        command.upgrade(self._config, "heads")
