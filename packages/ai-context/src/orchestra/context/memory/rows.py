"""Notes as the table has them."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import cast

from orchestra.context.memory.draft import Draft
from orchestra.context.memory.limits import Limits
from orchestra.context.memory.note import Kind, Note, Trust
from orchestra.context.memory.selection import Condition, by_words, state_is, state_of
from orchestra.context.memory.text import fingerprint, likeness, words
from orchestra.context.tables import NoteRow
from orchestra.shared.errors import Invalid, NotFound, TooManyRequests
from sqlalchemy import delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

_SIMILAR = 0.5  # of their words that two notes share which may speak of the same
_MOST_SIMILAR = 3
_TELLING = 8  # words by which similar notes are looked for


def note_of(row: NoteRow, now: datetime) -> Note:
    """The note that a row is."""
    return Note(
        id=row.id,
        text=row.text,
        kind=cast("Kind", row.kind),
        scope=row.scope,
        tags=tuple(row.tags),
        paths=tuple(row.paths),
        author=row.author,
        trust=cast("Trust", row.trust),
        commit=row.commit,
        created_at=row.created_at,
        expires_at=row.expires_at,
        superseded_by=row.superseded_by,
        forgotten_by=row.forgotten_by,
        state=state_of(row, now),
    )


def new_row(
    draft: Draft, *, workspace: str, author: str, trust: Trust, commit: str | None, now: datetime
) -> NoteRow:
    """A row for a draft that was prepared."""
    return NoteRow(
        id=f"mem_{secrets.token_hex(8)}",
        workspace=workspace,
        scope=draft.scope,
        kind=draft.kind,
        text=draft.text,
        words=" ".join(words("\n".join([draft.text, *draft.tags, *draft.paths]))),
        tags=list(draft.tags),
        paths=list(draft.paths),
        author=author,
        trust=trust,
        commit=commit,
        created_at=now,
        expires_at=draft.expires_at,
        fingerprint=fingerprint(draft.text),
    )


async def lock(session: AsyncSession, workspace: str) -> None:
    """Be the only one, of all processes, that changes the notes of a workspace."""
    key = func.hashtextextended(f"memory/{workspace}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(key)))


async def find(session: AsyncSession, readable: Sequence[Condition], id: str) -> NoteRow:
    """The note of that id, among those that may be read.

    Raises:
        NotFound: there is none.
    """
    row = await session.scalar(select(NoteRow).where(NoteRow.id == id, *readable))
    if row is None:
        raise NotFound(
            f"there is no note `{id[:40]}` that you can see", hint="see `orchestra memory list`"
        )
    return row


async def same(
    session: AsyncSession, workspace: str, draft: Draft, now: datetime, *, beside: str = ""
) -> NoteRow | None:
    """The current note of the same scope that says what the draft says."""
    query = select(NoteRow).where(
        NoteRow.workspace == workspace,
        NoteRow.scope == draft.scope,
        NoteRow.fingerprint == fingerprint(draft.text),
        NoteRow.id != beside,
        state_is("current", now),
    )
    return await session.scalar(query.order_by(NoteRow.created_at).limit(1))


async def similar(session: AsyncSession, made: NoteRow, now: datetime) -> tuple[Note, ...]:
    """Current notes of the same scope that share most of their words with a new one."""
    searched = by_words(made.text, _TELLING)
    if searched is None:
        return ()
    matches, rank = searched
    query = (
        select(NoteRow)
        .where(NoteRow.workspace == made.workspace, NoteRow.scope == made.scope, matches)
        .where(NoteRow.id != made.id, state_is("current", now))
        .order_by(rank.desc(), NoteRow.id)
        .limit(10)
    )
    found = [(likeness(made.text, row.text), row) for row in await session.scalars(query)]
    found.sort(key=lambda one: -one[0])
    return tuple(note_of(row, now) for like, row in found if like >= _SIMILAR)[:_MOST_SIMILAR]


async def check_room(
    session: AsyncSession, row: NoteRow, limits: Limits, now: datetime, *, fresh: bool = True
) -> None:
    """Do nothing when one more note may be kept; only a fresh one counts as written.

    Raises:
        TooManyRequests: the author writes too fast.
        Invalid: memory is full, or the private part of it that the note belongs to.
    """
    ours = select(func.count()).where(NoteRow.workspace == row.workspace)
    if fresh:
        lately = NoteRow.created_at > now - timedelta(minutes=1)
        written = await session.scalar(ours.where(NoteRow.author == row.author, lately))
        if (written or 0) >= limits.per_minute:
            raise TooManyRequests(
                f"`{row.author}` has written {limits.per_minute} notes within a minute",
                hint="wait a minute, and note only what will matter later",
                retry_after=60,
            )
    kept = ours.where(NoteRow.forgotten_at.is_(None))
    if (await session.scalar(kept) or 0) >= limits.notes:
        raise Invalid(f"there are {limits.notes} notes already", hint="forget those of no use")
    if row.scope.startswith("agent:"):
        private = await session.scalar(kept.where(NoteRow.scope == row.scope))
        if (private or 0) >= limits.private:
            raise Invalid(
                f"`{row.scope}` has {limits.private} notes already", hint="forget those of no use"
            )


async def purge(session: AsyncSession, workspace: str, limits: Limits, now: datetime) -> list[str]:
    """Delete what was forgotten so long ago, or so much since, that it cannot be restored."""
    forgotten = (NoteRow.workspace == workspace, NoteRow.forgotten_at.is_not(None))
    latest = (
        select(NoteRow.id)
        .where(*forgotten)
        .order_by(NoteRow.forgotten_at.desc(), NoteRow.id)
        .offset(limits.forgotten)
    )
    old = NoteRow.forgotten_at < now - limits.undo
    statement = delete(NoteRow).where(*forgotten, or_(old, NoteRow.id.in_(latest)))
    return list(await session.scalars(statement.returning(NoteRow.id)))


async def chain(
    session: AsyncSession, readable: Sequence[Condition], row: NoteRow, most: int = 50
) -> list[NoteRow]:
    """The notes that a note came from and that came after it, itself among them, oldest first."""
    found = {row.id: row}
    fresh = [row]
    while fresh and len(found) < most:
        ids = [one.id for one in fresh]
        after = [one.superseded_by for one in fresh if one.superseded_by]
        linked = or_(NoteRow.superseded_by.in_(ids), NoteRow.id.in_(after))
        query = select(NoteRow).where(linked, NoteRow.id.not_in(found), *readable).limit(most)
        fresh = list(await session.scalars(query))
        found |= {one.id: one for one in fresh}
    return sorted(found.values(), key=lambda one: (one.created_at, one.id))
