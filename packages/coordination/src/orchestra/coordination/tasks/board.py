"""The board for everybody: who works on what, and what waits to be taken up."""

from collections.abc import AsyncIterator

from orchestra.coordination.tables import TaskRow
from orchestra.coordination.tasks import handoff_rows, rows
from orchestra.coordination.tasks.text import one_line
from orchestra.shared.db import Database
from orchestra.shared.events import EventLog
from orchestra.shared.json import JsonObject
from sqlalchemy import func, select

_MOST = 50  # of each that are named
_TITLE = 100  # characters


class Board:
    """Facts for the live context. What changes by itself, as a lease's end, is not among them."""

    def __init__(self, database: Database, events: EventLog, *, workspace: str) -> None:
        self._database = database
        self._events = events
        self._workspace = workspace

    async def claims(self) -> JsonObject:
        """The tasks that are held, and how many are open."""
        ours = TaskRow.workspace == self._workspace
        held = select(TaskRow).where(ours, rows.state_is("claimed"))
        counts = select(
            func.count().filter(rows.state_is("claimed")),
            func.count().filter(rows.state_is("open")),
        ).where(ours)
        async with self._database.transaction() as session:
            newest = list(
                await session.scalars(held.order_by(TaskRow.claimed_at.desc()).limit(_MOST))
            )
            claimed, opened = (await session.execute(counts)).one()
        return {
            "held": {row.id: _claim(row) for row in newest},
            "open": opened,
            "omitted": max(claimed - _MOST, 0),
        }

    async def handoffs(self) -> JsonObject:
        """The hand-offs that wait, with whom they are for."""
        async with self._database.transaction() as session:
            found = await handoff_rows.newest(session, self._workspace, ("waiting",))
        waiting: JsonObject = {
            row.id: {
                "task": row.task_id,
                "title": one_line(task.title, _TITLE),
                "from": row.sender,
                "to": row.recipient,
                "since": rows.shown(row.created_at),
            }
            for row, task in found[:_MOST]
        }
        return {"waiting": waiting, "omitted": max(len(found) - _MOST, 0)}

    async def changes(self) -> AsyncIterator[None]:
        """One item at once, and one for each change from then on, in whatever process it was made."""
        stream = f"tasks/{self._workspace}"
        head = await self._events.head(stream)
        yield
        async for _ in self._events.follow(stream, after=head.seq if head else 0):
            yield


def _claim(row: TaskRow) -> JsonObject:
    return {
        "title": one_line(row.title, _TITLE),
        "holder": row.holder,
        "since": rows.shown(row.claimed_at),
        "paths": {path: True for path in row.paths[:10]},
    }
