"""A store that is eventually consistent, as if it were not: each write waits until it is seen."""

import asyncio
import math
from collections.abc import Collection, Sequence
from contextlib import suppress

from orchestra.vectors.index import Health, VectorIndex, VectorStore
from orchestra.vectors.records import Filter, Match, Record, Vector
from orchestra.vectors.testing.exact import ExactIndex, ExactStore

_LONGEST, _PAUSE = 60.0, 0.5  # seconds


class SettledStore:
    """Keeps a copy of all that is written, in memory, to know when the real store shows it."""

    def __init__(self, store: VectorStore) -> None:
        self._store = store
        self._copies = ExactStore()

    def index(self, namespace: str, dimension: int) -> "SettledIndex":
        """The index of a namespace."""
        real = self._store.index(namespace, dimension)
        return SettledIndex(real, self._copies.index(namespace, dimension))

    async def health(self) -> Health:
        """As the real store says."""
        return await self._store.health()

    async def close(self) -> None:
        """Close the real store."""
        await self._store.close()


class SettledIndex:
    """Returns from a write when a search shows it, or after a minute."""

    def __init__(self, index: VectorIndex, copy: ExactIndex) -> None:
        self.namespace, self.dimension = index.namespace, index.dimension
        self._index = index
        self._copy = copy

    async def upsert(self, records: Sequence[Record]) -> None:
        """Store records, and see them."""
        await self._index.upsert(records)
        await self._copy.upsert(records)
        await self._settle()

    async def delete(self, ids: Collection[str] = (), *, where: Filter = ()) -> None:
        """Remove records, and see that they are gone."""
        await self._index.delete(ids, where=where)
        await self._copy.delete(ids, where=where)
        await self._settle()

    async def clear(self) -> None:
        """Remove every record, and see that it is gone."""
        await self._index.clear()
        await self._copy.clear()
        await self._settle()

    async def search(self, vector: Vector, limit: int, where: Filter = ()) -> list[Match]:
        """What the real index finds."""
        return await self._index.search(vector, limit, where)

    async def count(self) -> int:
        """What the real index counts."""
        return await self._index.count()

    async def _settle(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST):
                while not await self._is_settled():
                    await asyncio.sleep(_PAUSE)

    async def _is_settled(self) -> bool:
        if await self._index.count() != await self._copy.count():
            return False
        probe = [math.sqrt(n + 1) for n in range(self.dimension)]
        found, known = await self._index.search(probe, 1000), await self._copy.search(probe, 1000)
        return len(known) == 1000 or _seen(found) == _seen(known)


def _seen(matches: Sequence[Match]) -> dict[str, object]:
    return {match.id: (round(match.score, 3), match.metadata) for match in matches}
