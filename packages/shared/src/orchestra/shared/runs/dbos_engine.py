"""What the worker and the client of DBOS must agree on."""

import asyncio
from typing import Any

from dbos import DBOS, DBOSPortableJSONSerializer
from dbos import _serialization as dbos_serialization
from orchestra.shared.db import Database

QUEUE = "orchestra-runs"
APPLICATION = "orchestra"

VERSION = "wf-1"
"""Pinned by hand: DBOS would derive it from the source, and any edit would strand runs."""

SCHEMA = "dbos"
_LOCK = 0x6F72_6375  # any number, the same in every process
_PATIENCE, _RETRY = 60.0, 0.1  # seconds
POLL = 0.1  # seconds between two looks at the queue

SERIALIZER = DBOSPortableJSONSerializer()
"""JSON: with pickle, whoever can write to the database could run code in every worker."""


async def prepare(database: Database) -> None:
    """Create or update the tables that DBOS keeps in a schema of its own; safe in a race.

    Raises:
        Unavailable: the database cannot be reached.
    """
    connection = await database.connect()
    try:
        # Asked for again and again: a statement that waits for the lock would hold a snapshot,
        # and the holder, which builds indexes concurrently, would wait for that snapshot to go.
        async with asyncio.timeout(_PATIENCE):
            while not await connection.fetchval("select pg_try_advisory_lock($1)", _LOCK):
                await asyncio.sleep(_RETRY)
        await asyncio.to_thread(DBOS.migrate, database.dsn, schema=SCHEMA)
    finally:
        await connection.close(timeout=5)


def _refuse(*_: Any) -> Any:  # noqa: ANN401 - takes the place of a method that returns anything
    raise TypeError("a pickled value was found where only JSON is written; it was not read")


# The format is named in each row, and rows that name pickle would be unpickled whatever
# serializer is configured. We write none, so such a row is forged.
dbos_serialization.DefaultSerializer.deserialize = _refuse  # type: ignore[assignment, method-assign]  # on purpose
