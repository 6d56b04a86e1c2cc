"""Shows that a worker lives: an advisory lock that PostgreSQL frees when its connection dies."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager

import asyncpg
from orchestra.shared.db import Database

_HELD = """
select ((classid::bigint << 32) | objid::bigint) as key from pg_locks
 where locktype = 'advisory' and objsubid = 1 and granted
   and database = (select oid from pg_database where datname = current_database())
"""


class ExecutorLock:
    """The lock of one worker, and its view of the locks of the others."""

    def __init__(self, database: Database, executor_id: str) -> None:
        self._database = database
        self._executor_id = executor_id
        self._connection: asyncpg.Connection | None = None
        self.lost = asyncio.Event()
        """Set when the connection goes away, until `hold` is called again."""

    async def hold(self) -> bool:
        """Make sure that the lock is held; False while another worker has taken it.

        Raises:
            Unavailable: the database cannot be reached.
        """
        if self._connection is not None and not self._connection.is_closed():
            return True
        connection = await self._database.connect()
        if not await connection.fetchval(
            "select pg_try_advisory_lock($1)", _key(self._executor_id)
        ):
            await connection.close()
            return False
        self.lost.clear()
        connection.add_termination_listener(lambda _: self.lost.set())
        self._connection = connection
        return True

    async def unheld(self, executor_ids: Iterable[str]) -> set[str]:
        """Those of `executor_ids` whose lock nobody holds."""
        rows = await self._open().fetch(_HELD)
        held = {_signed(int(row["key"])) for row in rows}
        return {executor_id for executor_id in executor_ids if _key(executor_id) not in held}

    @asynccontextmanager
    async def take(self, executor_id: str) -> AsyncGenerator[bool]:
        """Hold another worker's lock for as long as the block runs; False if it is held."""
        connection, key = self._open(), _key(executor_id)
        taken = bool(await connection.fetchval("select pg_try_advisory_lock($1)", key))
        try:
            yield taken
        finally:
            if taken and not connection.is_closed():
                await connection.fetchval("select pg_advisory_unlock($1)", key)

    async def release(self) -> None:
        """Let go: from now on the worker counts as dead."""
        connection, self._connection = self._connection, None
        if connection is not None and not connection.is_closed():
            await connection.close(timeout=5)

    def _open(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            raise asyncpg.InterfaceError("the lock's connection is gone")
        return self._connection


def _key(executor_id: str) -> int:
    digest = hashlib.sha256(f"orchestra-executor\0{executor_id}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)


def _signed(key: int) -> int:
    key &= 2**64 - 1
    return key - 2**64 if key >= 2**63 else key
