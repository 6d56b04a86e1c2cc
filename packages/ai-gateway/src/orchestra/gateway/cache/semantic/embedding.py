"""Prompts into vectors, never on the event loop."""

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING

from orchestra.shared.errors import Unavailable
from orchestra.vectors import Embedder

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_REMEMBERED = 256  # prompts: who is looked up is soon kept


class Embedding:
    """One prompt after another; a model already runs in a thread of its own, hashing does not."""

    def __init__(self, embedder: Embedder, *, patience: float = 1.0) -> None:
        self._embedder = embedder
        self._patience = patience
        self._hashes = embedder.name.startswith("hashing-")  # loaded only where it is used
        self._last: OrderedDict[str, npt.NDArray[np.float32]] = OrderedDict()

    @property
    def name(self) -> str:
        """Whose vectors these are."""
        return self._embedder.name

    async def of(self, prompt: str) -> "npt.NDArray[np.float32]":
        """The vector of a prompt.

        Raises:
            Unavailable: it took too long, or the prompt says nothing.
        """
        known = self._last.get(prompt)
        if known is not None:
            return known
        try:
            async with asyncio.timeout(self._patience):
                if self._hashes:
                    row = await asyncio.to_thread(self._hashed, prompt)
                else:
                    row = (await self._embedder.embed([prompt], "query"))[0]
        except TimeoutError:
            raise Unavailable(
                f"no vector within {self._patience} s", hint="see the embedder"
            ) from None
        if not row.any():
            raise Unavailable("the prompt says nothing", hint="ask something")
        self._last[prompt] = row
        if len(self._last) > _REMEMBERED:
            self._last.popitem(last=False)
        return row

    def _hashed(self, prompt: str) -> "npt.NDArray[np.float32]":
        """What a coroutine returns that never waits."""
        try:
            self._embedder.embed([prompt], "query").send(None)
        except StopIteration as done:
            row: npt.NDArray[np.float32] = done.value[0]
            return row
        raise AssertionError("hashing does not wait")
