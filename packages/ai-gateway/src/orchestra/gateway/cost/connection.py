"""One raw connection that is opened again when it was lost, for one transaction at a time."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg
from orchestra.shared.db import RAW_LOST, Database
from orchestra.shared.errors import Unavailable

LOST = (*RAW_LOST, Unavailable)
"""What a transaction raises when the database went away; it may have been committed."""


class Line:
    """A connection of the accounts' own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: asyncpg.Connection | None = None
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[asyncpg.Connection]:
        """Committed when the block ends, rolled back when it raises."""
        async with self._lock:
            if self._connection is None or self._connection.is_closed():
                self._connection = await self._database.connect()
            try:
                async with self._connection.transaction():
                    yield self._connection
            except BaseException as error:
                if not isinstance(error, asyncpg.PostgresError) or isinstance(error, LOST):
                    self.drop()
                raise

    def drop(self) -> None:
        """Close it without a word."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
