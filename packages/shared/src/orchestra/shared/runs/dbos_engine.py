"""What the worker and the client of DBOS must agree on."""

import asyncio
from typing import Any

from dbos import DBOS, DBOSPortableJSONSerializer
from dbos import _serialization as dbos_serialization

QUEUE = "orchestra-runs"
APPLICATION = "orchestra"

VERSION = "wf-1"
"""Pinned by hand: DBOS would derive it from the source, and any edit would strand runs."""

SCHEMA = "dbos"
POLL = 0.1  # seconds between two looks at the queue

SERIALIZER = DBOSPortableJSONSerializer()
"""JSON: with pickle, whoever can write to the database could run code in every worker."""


async def prepare(dsn: str) -> None:
    """Create or update the tables that DBOS keeps in a schema of its own."""
    await asyncio.to_thread(DBOS.migrate, dsn, schema=SCHEMA)


def _refuse(*_: Any) -> Any:  # noqa: ANN401 - takes the place of a method that returns anything
    raise TypeError("a pickled value was found where only JSON is written; it was not read")


# The format is named in each row, and rows that name pickle would be unpickled whatever
# serializer is configured. We write none, so such a row is forged.
dbos_serialization.DefaultSerializer.deserialize = _refuse  # type: ignore[assignment, method-assign]  # on purpose
