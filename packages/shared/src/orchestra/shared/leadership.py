"""One process at a time does a thing: an advisory lock of PostgreSQL, held by a connection."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg
import structlog
from orchestra.shared.db import RAW_LOST, Database
from orchestra.shared.errors import Unavailable

_RETRY = 1.0  # seconds between attempts to become the leader
_CHECK = 5.0  # seconds between checks that the connection still stands

_log = structlog.get_logger(__name__)


class Leadership:
    """The right to do what `name` stands for; it ends with the connection that holds the lock."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
        self._lost = asyncio.Event()
        self._lost.set()

    @property
    def held(self) -> bool:
        """Whether this process leads now."""
        return not self._lost.is_set()

    async def lost(self) -> None:
        """Return when this process leads no more."""
        await self._lost.wait()

    @asynccontextmanager
    async def hold(self) -> AsyncGenerator[None]:
        """Wait until this process leads; lead for as long as the block runs and the lock holds."""
        connection = await self._acquire()
        self._lost.clear()
        connection.add_termination_listener(lambda _: self._lost.set())
        checking = asyncio.create_task(self._check(connection), name="leadership")
        try:
            yield
        finally:
            self._lost.set()
            checking.cancel()
            connection.terminate()

    async def _acquire(self) -> asyncpg.Connection:
        while True:
            try:
                connection = await self._database.connect()
                if await connection.fetchval("select pg_try_advisory_lock($1)", self._key):
                    return connection
                await connection.close()
            except (Unavailable, *RAW_LOST, asyncpg.PostgresError) as error:
                _log.info("cannot lead yet", error=str(error))
            await asyncio.sleep(_RETRY)

    async def _check(self, connection: asyncpg.Connection) -> None:
        while not connection.is_closed():
            await asyncio.sleep(_CHECK)
            try:
                await connection.fetchval("select 1", timeout=_CHECK)
            except (*RAW_LOST, asyncpg.PostgresError):
                self._lost.set()
                return
