"""How Orchestra's own PostgreSQL is doing."""

from collections.abc import Awaitable, Callable

import asyncpg
from orchestra.context.collectors.polling import Look, SourceFailed
from orchestra.context.facts import Observation, Topic
from orchestra.shared.db import RAW_LOST, Database
from orchestra.shared.errors import Unavailable
from orchestra.shared.json import JsonObject

_QUERY = """
select current_setting('server_version') as version,
       pg_database_size(current_database()) as bytes,
       current_setting('max_connections')::int as max_connections,
       pg_postmaster_start_time() as started,
       pg_is_in_recovery() as read_only,
       (select count(*) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()) as connections
"""
_MIB = 1024 * 1024


class DatabaseStatus:
    """Asks the database about itself."""

    topic: Topic = "database_status"

    def __init__(self, database: Database, pending: Callable[[], Awaitable[list[str]]]) -> None:
        """`pending` names the migrations that the database lacks."""
        self._database = database
        self._pending = pending

    async def look(self) -> Look:
        """Read version, size (MiB), connections and pending migrations."""
        try:
            connection = await self._database.connect()
            try:
                row = await connection.fetchrow(_QUERY)
            finally:
                await connection.close(timeout=5)
            pending = await self._pending()
        except Unavailable as error:
            raise SourceFailed(f"{error.message}; hint: {error.hint}") from error
        except (*RAW_LOST, asyncpg.PostgresError) as error:
            raise SourceFailed(
                f"the database cannot be asked ({type(error).__name__});"
                " hint: see `orchestra doctor`"
            ) from error
        value: JsonObject = {
            "version": str(row["version"]),
            "size_mib": round(row["bytes"] / _MIB),
            "connections": row["connections"],
            "max_connections": row["max_connections"],
            "started_at": row["started"].isoformat(timespec="seconds"),
            "read_only": row["read_only"],
            "pending_migrations": dict.fromkeys(pending, True),
        }
        return Look(Observation(value=value, source="pg_stat"), busy=bool(pending))
