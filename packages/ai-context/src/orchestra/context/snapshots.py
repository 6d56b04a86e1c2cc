"""Stores the context document now and then, so that a start need not fold the whole past."""

from uuid import UUID

from orchestra.context.tables import SnapshotRow
from orchestra.shared.db import Database
from orchestra.shared.json import JsonObject
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert


class Snapshots:
    """The stored snapshot of each context stream."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, stream: str, epoch: UUID) -> tuple[int, JsonObject] | None:
        """The stored number and document, or None when there is none of this epoch."""
        query = select(SnapshotRow).where(SnapshotRow.stream == stream, SnapshotRow.epoch == epoch)
        async with self._database.transaction() as session:
            row = await session.scalar(query)
        return None if row is None else (row.seq, row.document)

    async def store(self, stream: str, epoch: str, seq: int, document: JsonObject) -> None:
        """Keep the document as it was after change number `seq`, unless a newer one is kept."""
        row = {"stream": stream, "epoch": UUID(epoch), "seq": seq, "document": document}
        changes = {"epoch": UUID(epoch), "seq": seq, "document": document}
        statement = insert(SnapshotRow).values(row)
        statement = statement.on_conflict_do_update(
            index_elements=[SnapshotRow.stream],
            set_=changes,
            where=(SnapshotRow.seq < seq) | (SnapshotRow.epoch != UUID(epoch)),
        )
        async with self._database.transaction() as session:
            await session.execute(statement)
