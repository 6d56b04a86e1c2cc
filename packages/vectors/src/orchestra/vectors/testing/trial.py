"""A store under test, and indexes of it that nobody has used before."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import uuid4

from orchestra.vectors.index import VectorIndex, VectorStore


@dataclass(frozen=True, slots=True)
class Trial:
    """`name` tells the stores of one suite apart."""

    name: str
    store: VectorStore
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _made: list[VectorIndex] = field(default_factory=list)
    _run: str = field(default_factory=lambda: uuid4().hex[:12])

    def fresh(self, dimension: int = 4) -> VectorIndex:
        """An index of an empty namespace."""
        index = self.store.index(f"trial/{self._run}/{next(self._numbers)}", dimension)
        self._made.append(index)
        return index

    async def clear(self) -> None:
        """Empty every index that was handed out: for stores that outlive the trial."""
        for index in self._made:
            await index.clear()
