"""The memory of a workspace: add, search, read, supersede, forget and restore notes."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

from orchestra.context.memory import rows
from orchestra.context.memory.draft import Change, Draft, prepared
from orchestra.context.memory.embedding import Embedder
from orchestra.context.memory.filter import Filter
from orchestra.context.memory.limits import Limits
from orchestra.context.memory.note import Added, Hit, Note, Page, Trust
from orchestra.context.memory.rules import (
    check_forget,
    check_restore,
    check_supersede,
    replaces,
    trust_of,
)
from orchestra.context.memory.scope import writable
from orchestra.context.memory.searcher import Searcher
from orchestra.context.memory.selection import Condition, readable, wanted
from orchestra.context.tables import NoteRow
from orchestra.shared.db import Database
from orchestra.shared.errors import Conflict
from orchestra.shared.events import EventLog
from orchestra.shared.identity import Caller
from orchestra.shared.json import JsonObject
from orchestra.shared.redaction import Redactor
from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession


class Memory:
    """Notes in PostgreSQL. Whoever asks gets what it may see, whatever it asks for.

    A change and its event (stream `memory/<workspace>`, without the text) come together: no
    change is committed whose event is not stored.
    """

    def __init__(
        self,
        database: Database,
        events: EventLog,
        embedder: Embedder,
        *,
        workspace: str,
        redactor: Redactor,
        head: Callable[[], str | None] = lambda: None,
        limits: Limits | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`head` tells the commit that is checked out, when it is known."""
        self.limits = limits or Limits()
        self._database = database
        self._events = events
        self._searcher = Searcher(
            database, embedder, most=self.limits.notes + self.limits.forgotten
        )
        self._workspace = workspace
        self._redactor = redactor
        self._head = head
        self._clock = clock
        self._turn = asyncio.Lock()  # so that those who wait their turn hold no connection

    async def add(self, draft: Draft, caller: Caller) -> Added:
        """Remember a note, unless a current one of the same scope says the same.

        Raises:
            Invalid: the draft is not good, or memory is full.
            Forbidden: the scope is somebody else's.
            TooLarge: the text is too long.
            TooManyRequests: the caller writes too fast.
        """
        now = self._clock()
        scope = writable(caller, draft.scope)
        draft = replace(prepared(draft, self._redactor, self.limits, now), scope=scope)
        async with self._changing() as session:
            return await self._put(session, draft, caller, now, None)

    async def supersede(self, id: str, change: Change, caller: Caller) -> Added:
        """Put a new note in the place of one that is not true any more; the old one stays readable.

        Raises:
            NotFound: there is no such note that the caller can see.
            Conflict: it is superseded or forgotten already.
            Forbidden: it is a person's, and the caller is none.
            Invalid, TooLarge, TooManyRequests: as `add`.
        """
        now = self._clock()
        async with self._changing() as session:
            row = await rows.find(session, self._readable(caller), id)
            old = rows.note_of(row, now)
            check_supersede(caller, old)
            writable(caller, old.scope)
            draft = Draft(
                text=change.text,
                kind=change.kind or old.kind,
                scope=old.scope,
                tags=old.tags if change.tags is None else change.tags,
                paths=old.paths if change.paths is None else change.paths,
                expires_at=change.expires_at,
                untrusted=change.untrusted,
            )
            draft = prepared(draft, self._redactor, self.limits, now)
            return await self._put(session, draft, caller, now, row)

    async def forget(self, id: str, caller: Caller) -> Note:
        """Take a note out of sight; it can be restored for a while.

        Raises:
            NotFound: there is no such note that the caller can see, or it is forgotten already.
            Forbidden: it is somebody else's, and the caller is no person.
        """
        now = self._clock()
        async with self._changing() as session:
            kept = [*self._readable(caller), NoteRow.forgotten_at.is_(None)]
            row = await rows.find(session, kept, id)
            check_forget(caller, rows.note_of(row, now))
            row.forgotten_at, row.forgotten_by = now, caller.name
            await self._record("forgotten", row, caller.name)
            return rows.note_of(row, now)

    async def restore(self, id: str, caller: Caller) -> Note:
        """Let a note stand again that was forgotten, superseded or has expired.

        Raises:
            NotFound: there is no such note that the caller can see.
            Conflict: it is current, or another note says the same meanwhile.
            Forbidden: it is somebody else's, or somebody else took it out of sight.
            Invalid: memory is full.
        """
        now = self._clock()
        async with self._changing() as session:
            row = await rows.find(session, self._readable(caller), id)
            note = rows.note_of(row, now)
            check_restore(caller, note, await self._successor(session, row, now))
            double = await rows.same(
                session, self._workspace, Draft(row.text, scope=row.scope), now, beside=row.id
            )
            if double is not None:
                raise Conflict(
                    f"`{double.id}` says what `{id}` says", hint="there is nothing to restore"
                )
            if note.state == "forgotten":
                await rows.check_room(session, row, self.limits, now, fresh=False)
            row.forgotten_at = row.forgotten_by = row.superseded_by = None
            if row.expires_at is not None and row.expires_at <= now:
                row.expires_at = None
            await self._record("restored", row, caller.name)
            return rows.note_of(row, now)

    async def get(self, id: str, caller: Caller) -> Note:
        """One note, in whatever state.

        Raises:
            NotFound: there is none that the caller can see.
        """
        async with self._database.transaction() as session:
            row = await rows.find(session, self._readable(caller), id)
            return rows.note_of(row, self._clock())

    async def history(self, id: str, caller: Caller) -> list[Note]:
        """The notes that this one came from and that came after it, oldest first, with itself.

        Raises:
            NotFound: there is no such note that the caller can see.
        """
        mine = self._readable(caller)
        async with self._database.transaction() as session:
            found = await rows.chain(session, mine, await rows.find(session, mine, id))
        return [rows.note_of(row, self._clock()) for row in found]

    async def newest(
        self,
        caller: Caller,
        filter: Filter | None = None,
        *,
        limit: int = 50,
        before: str | None = None,
    ) -> Page:
        """Notes, newest first; `before` is a note, and the page begins after it.

        Raises:
            NotFound: there is no note `before`.
            Invalid: a scope or path of the filter is not one.
        """
        now, mine = self._clock(), self._readable(caller)
        conditions = [*mine, *wanted(caller, filter or Filter(), now)]
        place = tuple_(NoteRow.created_at, NoteRow.id)
        async with self._database.transaction() as session:
            if before is not None:
                last = await rows.find(session, mine, before)
                conditions.append(place < tuple_(last.created_at, last.id))
            order = NoteRow.created_at.desc(), NoteRow.id.desc()
            query = select(NoteRow).where(*conditions).order_by(*order).limit(limit + 1)
            found = [rows.note_of(row, now) for row in await session.scalars(query)]
        return Page(tuple(found[:limit]), found[limit - 1].id if len(found) > limit else None)

    async def search(
        self, query: str, *, caller: Caller, filter: Filter | None = None, limit: int = 10
    ) -> list[Hit]:
        """Notes that bear on a question, best first: by its words, and by its vector.

        Raises:
            Invalid: a scope or path of the filter is not one.
        """
        now = self._clock()
        conditions = [*self._readable(caller), *wanted(caller, filter or Filter(), now)]
        return await self._searcher.search(query, conditions, now, limit)

    async def _put(
        self,
        session: AsyncSession,
        draft: Draft,
        caller: Caller,
        now: datetime,
        old: NoteRow | None,
    ) -> Added:
        """Store a prepared draft, in the place of `old` and of what it says better."""
        mine = trust_of(caller, untrusted=draft.untrusted, replaced=_trust(old))
        beside = old.id if old is not None else ""
        known = await rows.same(session, self._workspace, draft, now, beside=beside)
        if known is not None:
            there = rows.note_of(known, now)
            if not replaces(caller, mine, draft.expires_at, there):
                await self._supersede(old, known.id, caller.name)
                return Added(there, duplicate=True)
            mine = trust_of(caller, untrusted=mine == "untrusted", replaced=there.trust)
        row = rows.new_row(
            draft,
            workspace=self._workspace,
            author=caller.name,
            trust=mine,
            commit=self._head(),
            now=now,
        )
        await rows.check_room(session, row, self.limits, now)
        session.add(row)
        await self._record("added", row, caller.name)
        for replaced in (old, known):
            await self._supersede(replaced, row.id, caller.name)
        for id in await rows.purge(session, self._workspace, self.limits, now):
            await self._append("purged", {"note": id}, "orchestra")
        await session.flush()
        return Added(rows.note_of(row, now), False, await rows.similar(session, row, now))

    async def _supersede(self, row: NoteRow | None, by: str, actor: str) -> None:
        if row is not None:
            row.superseded_by = by
            await self._record("superseded", row, actor)

    async def _successor(self, session: AsyncSession, row: NoteRow, now: datetime) -> Note | None:
        found = await session.get(NoteRow, row.superseded_by) if row.superseded_by else None
        return None if found is None else rows.note_of(found, now)

    @asynccontextmanager
    async def _changing(self) -> AsyncGenerator[AsyncSession]:
        async with self._turn, self._database.transaction() as session:
            await rows.lock(session, self._workspace)
            yield session

    def _readable(self, caller: Caller) -> list[Condition]:
        return readable(self._workspace, caller)

    async def _record(self, what: str, row: NoteRow, actor: str) -> None:
        data: JsonObject = {
            "note": row.id,
            "scope": row.scope,
            "kind": row.kind,
            "trust": row.trust,
            "fingerprint": row.fingerprint,
        }
        if row.superseded_by is not None:
            data["superseded_by"] = row.superseded_by
        await self._append(what, data, actor)

    async def _append(self, what: str, data: JsonObject, actor: str) -> None:
        await self._events.append(f"memory/{self._workspace}", f"note.{what}", data, actor=actor)


def _trust(row: NoteRow | None) -> "Trust | None":
    return None if row is None else row.trust  # type: ignore[return-value]  # the table checks it
