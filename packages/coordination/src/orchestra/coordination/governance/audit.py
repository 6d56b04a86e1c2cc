"""The audit: who did what, asked what and decided what, in one stream that can only grow."""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestra.coordination.governance.act import Act
from orchestra.shared.db import SCHEMA, Database
from orchestra.shared.events import Event, EventLog
from orchestra.shared.events.event import event_of_row
from orchestra.shared.identity import Caller
from orchestra.shared.json import JsonObject, JsonValue
from orchestra.shared.wording import plain
from sqlalchemy import text

STREAM = "audit"
SUMMARY = 300
"""Characters of a summary."""


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which rows; what is None does not matter."""

    actor: str | None = None
    act: str | None = None
    """The kind of row, or how it begins: `approval.` or `act.denied`."""
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Rows, newest first; `before` asks for those that follow."""

    rows: Sequence[Event]
    before: int | None


class Audit:
    """Writes the rows of one workspace and reads them back.

    A row is durable when `record` returns. When it cannot be written, `record` raises, and what
    it is about must not happen.
    """

    def __init__(self, database: Database, events: EventLog, *, workspace: str) -> None:
        self._database = database
        self._events = events
        self._workspace = workspace

    async def record(
        self, kind: str, outcome: str, caller: Caller | None, about: JsonObject
    ) -> Event:
        """Write a row. `caller` is None when Orchestra itself did it.

        Raises:
            Unavailable: it cannot be written.
        """
        data: JsonObject = {"workspace": self._workspace, "outcome": outcome, **_clean(about)}
        if caller is not None:
            data |= {
                "principal": caller.principal_id,
                "principal_kind": caller.kind,
                "key": caller.key_id,
            }
        actor = "orchestra" if caller is None else caller.name
        return await self._events.append(STREAM, kind, data, actor=actor)

    async def page(self, filter: AuditFilter, *, limit: int, before: int | None) -> AuditPage:
        """The rows of the workspace that the filter lets through, newest first."""
        query = text(
            "select stream, seq, id, at, kind, actor, data::text as data, hash"  # noqa: S608 - a constant
            f" from {SCHEMA}.events where stream = :stream and data->>'workspace' = :workspace"
            " and (cast(:before as bigint) is null or seq < :before)"
            " and (cast(:actor as text) is null or actor = :actor)"
            " and (cast(:kind as text) is null or starts_with(kind, :kind))"
            " and (cast(:outcome as text) is null or data->>'outcome' = :outcome)"
            " order by seq desc limit :limit"
        )
        values = {
            "stream": STREAM,
            "workspace": self._workspace,
            "before": before,
            "actor": filter.actor,
            "kind": filter.act,
            "outcome": filter.outcome,
            "limit": limit + 1,
        }
        async with self._database.transaction() as session:
            found = await session.execute(query, values)
            rows = [event_of_row(dict(row)) for row in found.mappings()]
        more = len(rows) > limit
        return AuditPage(rows[:limit], rows[limit - 1].seq if more else None)


def about(act: Act, reason: str, session: str | None) -> JsonObject:
    """What a row says of an act: its summary and hash; the subject stays with the approval."""
    return {
        "permission": act.permission,
        "summary": plain(act.summary, SUMMARY),
        "hash": act.hash,
        "paths": [*act.paths[:20]],
        "destructive": act.destructive,
        "reason": reason,
        "session": session,
    }


def _clean(value: JsonObject) -> JsonObject:
    return {key: cleaned(part) for key, part in value.items()}


def cleaned(value: JsonValue, longest: int = 4000) -> JsonValue:
    """The same without what moves a cursor, hides or reorders, in every text of it."""
    if isinstance(value, str):
        return plain(value, longest)
    if isinstance(value, list):
        return [cleaned(part, longest) for part in value]
    if isinstance(value, dict):
        return {plain(key, 200): cleaned(part, longest) for key, part in value.items()}
    return value
