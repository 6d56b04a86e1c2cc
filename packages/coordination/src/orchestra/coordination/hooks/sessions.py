"""What each session of an agent has been told, so that it is told only what is new."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from orchestra.coordination.tables import AgentSessionRow, JournalRow
from orchestra.coordination.tasks.sessions import bind
from orchestra.shared.db import Database
from orchestra.shared.errors import NotFound
from orchestra.shared.identity import Caller
from orchestra.shared.wording import plain
from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

_MOST = 5_000  # sessions of one principal; the one that was quiet for the longest goes first
_EDITED = 100
_SEEN = timedelta(hours=1)  # how exactly it is noted when a session was seen


@dataclass(frozen=True, slots=True)
class Told:
    """What a session has: a version of the context (empty: none), and its own edits."""

    version: str
    prompts: int
    edited: tuple[str, ...]


class HookSessions:
    """Sessions in PostgreSQL. One that is lost is begun again: it is told a little more, once."""

    def __init__(self, database: Database, *, workspace: str) -> None:
        self._database = database
        self._workspace = workspace

    async def find(self, session: str, caller: Caller) -> Told:
        """What the session has been told; a new one is the caller's from now on.

        Raises:
            NotFound: the session is another principal's.
        """
        query = select(AgentSessionRow, func.now()).where(*self._of(session))
        async with self._database.transaction() as work:
            found = (await work.execute(query)).one_or_none()
            if found is None:
                await bind(work, self._workspace, session, caller)
                await self._bound(work, caller)
                return Told("", 0, ())
            row, now = found
            if row.principal_id != caller.principal_id:
                raise NotFound(
                    f"there is no session `{plain(session, 80)}`",
                    hint="a session belongs to the key's owner who used it first",
                )
            if now - row.seen_at > _SEEN:
                await bind(work, self._workspace, session, caller)
            return Told(row.version, row.prompts, tuple(row.edited))

    async def tell(
        self, session: str, version: str, *, prompts: int, edited: Iterable[str]
    ) -> None:
        """Note what the session has now."""
        values = {
            "version": version,
            "prompts": prompts,
            "edited": [*dict.fromkeys(edited)][-_EDITED:],
            "seen_at": func.now(),
        }
        async with self._database.transaction() as work:
            await work.execute(update(AgentSessionRow).where(*self._of(session)).values(values))

    async def _bound(self, work: AsyncSession, caller: Caller) -> None:
        """Forget what is more than a principal may have."""
        oldest = (
            select(AgentSessionRow.session)
            .where(
                AgentSessionRow.workspace == self._workspace,
                AgentSessionRow.principal_id == caller.principal_id,
            )
            .order_by(AgentSessionRow.seen_at.desc())
            .offset(_MOST)
        )
        for table in (JournalRow, AgentSessionRow):
            await work.execute(
                delete(table)
                .where(table.workspace == self._workspace, table.session.in_(oldest))
                .execution_options(synchronize_session=False)
            )

    def _of(self, session: str) -> "tuple[ColumnElement[bool], ...]":
        return (AgentSessionRow.workspace == self._workspace, AgentSessionRow.session == session)
