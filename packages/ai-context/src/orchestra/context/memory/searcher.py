"""Finds the notes that bear on a question: by its words, and by its vector."""

from collections.abc import Sequence
from datetime import datetime

from orchestra.context.memory.embedding import MOST_AT_ONCE, Embedder, Nearness
from orchestra.context.memory.fusion import fuse
from orchestra.context.memory.note import Hit
from orchestra.context.memory.rows import note_of
from orchestra.context.memory.selection import Condition, among, by_words
from orchestra.context.tables import NoteRow
from orchestra.shared.db import Database
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

_CANDIDATES = 100  # notes of each order that are fused


class Searcher:
    """Searches among the notes that meet some conditions; the model is asked in no transaction."""

    def __init__(self, database: Database, embedder: Embedder, *, most: int) -> None:
        self._database = database
        self._nearness = Nearness(embedder, most=most)

    async def search(
        self, question: str, conditions: Sequence[Condition], now: datetime, limit: int
    ) -> list[Hit]:
        """Notes that meet the conditions, best first."""
        async with self._database.transaction() as session:
            worded = await _worded(session, question, conditions)
            every = select(func.array_agg(NoteRow.id)).where(*conditions)
            ids: list[str] = await session.scalar(every) or []
            lacking = await self._recall(session, ids)
        await self._keep(await self._nearness.make(lacking))
        near = await self._nearness.rank(question, ids)
        best = fuse({"words": worded, "meaning": near[:_CANDIDATES]})[:limit]
        still = select(NoteRow).where(among([id for id, _, _ in best]), *conditions)
        async with self._database.transaction() as session:
            found = {row.id: note_of(row, now) for row in await session.scalars(still)}
        return [Hit(found[id], score, ways) for id, score, ways in best if id in found]

    async def _recall(self, session: AsyncSession, ids: Sequence[str]) -> dict[str, str]:
        """Learn the stored vectors of notes; returns the texts of some that have none."""
        unknown = self._nearness.unknown(ids)
        if not unknown:
            return {}
        stored = select(NoteRow.id, NoteRow.vector).where(
            among(unknown), NoteRow.embedder == self._nearness.model
        )
        known = await session.execute(stored)
        self._nearness.learn({id: vector for id, vector in known if vector is not None})
        some = self._nearness.unknown(unknown)[:MOST_AT_ONCE]
        lacking = select(NoteRow.id, NoteRow.text).where(among(some))
        return {id: text for id, text in await session.execute(lacking)}

    async def _keep(self, made: dict[str, bytes]) -> None:
        if not made:
            return
        statement = (
            update(NoteRow)
            .where(NoteRow.id == bindparam("note"))
            .values(vector=bindparam("data"), embedder=self._nearness.model)
        )
        values = [{"note": id, "data": data} for id, data in made.items()]
        async with self._database.transaction() as session:
            await (await session.connection()).execute(statement, values)


async def _worded(
    session: AsyncSession, question: str, conditions: Sequence[Condition]
) -> list[str]:
    searched = by_words(question)
    if searched is None:
        return []
    matches, rank = searched
    query = select(NoteRow.id).where(matches, *conditions)
    return list(await session.scalars(query.order_by(rank.desc(), NoteRow.id).limit(_CANDIDATES)))
