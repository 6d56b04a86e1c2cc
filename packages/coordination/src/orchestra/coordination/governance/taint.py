"""Which sessions have read text from outside: those lose what needs no person."""

from datetime import UTC, datetime, timedelta

from orchestra.coordination.governance.tables import TaintRow
from orchestra.shared.db import Database
from orchestra.shared.wording import plain
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

_KEPT = timedelta(days=30)
_UNNAMED = timedelta(days=1)  # how long an act without a session is held to be of a tainted one


class Taint:
    """The tainted sessions, each of one principal: nobody can taint or clear another's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, principal_id: str, session: str, why: str) -> bool:
        """Taint a session; False when it is already."""
        now = datetime.now(UTC)
        row = {
            "principal_id": principal_id,
            "session": session,
            "why": plain(why, 300),
            "at": now,
        }
        async with self._database.transaction() as work:
            await work.execute(delete(TaintRow).where(TaintRow.at < now - _KEPT))
            made = await work.scalar(
                insert(TaintRow).values(row).on_conflict_do_nothing().returning(TaintRow.session)
            )
        return made is not None

    async def has(self, principal_id: str, session: str | None) -> bool:
        """Whether the session is tainted or, when it is not named, any lately of the principal."""
        query = select(TaintRow.session).where(TaintRow.principal_id == principal_id).limit(1)
        if session is None:
            query = query.where(TaintRow.at > datetime.now(UTC) - _UNNAMED)
        else:
            query = query.where(TaintRow.session == session)
        async with self._database.transaction() as work:
            return await work.scalar(query) is not None
