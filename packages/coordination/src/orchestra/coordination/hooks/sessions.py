"""What each session of an agent has been told, so that it is told only what is new."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from orchestra.coordination.hooks.tables import HookSessionRow
from orchestra.shared.db import Database
from orchestra.shared.errors import NotFound
from orchestra.shared.identity import Caller
from orchestra.shared.wording import plain
from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

_KEPT = timedelta(days=7)
_MOST = 5_000  # sessions of one principal; the one that was quiet for the longest goes first
_EDITED = 100


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
        async with self._database.transaction() as work:
            row = (
                await work.scalars(select(HookSessionRow).where(*self._of(session)))
            ).one_or_none()
            if row is None:
                await self._open(work, session, caller)
                query = select(HookSessionRow).where(*self._of(session))
                row = (await work.scalars(query)).one()
            if row.principal_id != caller.principal_id:
                raise NotFound(
                    f"there is no session `{plain(session, 80)}`",
                    hint="a session belongs to the key's owner who used it first",
                )
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
            await work.execute(update(HookSessionRow).where(*self._of(session)).values(values))

    async def _open(self, work: AsyncSession, session: str, caller: Caller) -> None:
        await work.execute(
            delete(HookSessionRow).where(HookSessionRow.seen_at < func.now() - _KEPT)
        )
        oldest = (
            select(HookSessionRow.session)
            .where(
                HookSessionRow.workspace == self._workspace,
                HookSessionRow.principal_id == caller.principal_id,
            )
            .order_by(HookSessionRow.seen_at.desc())
            .offset(_MOST - 1)
        )
        await work.execute(
            delete(HookSessionRow).where(
                HookSessionRow.workspace == self._workspace,
                HookSessionRow.principal_id == caller.principal_id,
                HookSessionRow.session.in_(oldest),
            )
        )
        row = {
            "workspace": self._workspace,
            "session": session,
            "principal_id": caller.principal_id,
            "version": "",
            "prompts": 0,
            "edited": [],
            "seen_at": func.now(),
        }
        await work.execute(insert(HookSessionRow).values(row).on_conflict_do_nothing())

    def _of(self, session: str) -> "tuple[ColumnElement[bool], ...]":
        return (HookSessionRow.workspace == self._workspace, HookSessionRow.session == session)
