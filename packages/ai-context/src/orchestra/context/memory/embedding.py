"""Vectors of notes: made when a search first needs them, kept in the notes' rows."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
import structlog
from orchestra.shared.errors import OrchestraError

if TYPE_CHECKING:
    import numpy.typing as npt

MOST_AT_ONCE = 64
"""Texts that one search makes vectors of; the next one goes on."""
_PATIENCE = 10.0  # seconds that a search waits for the model before it goes without
_LEAST = 0.15  # cosine below which two texts have nothing to do with each other
_SHARE = 0.5  # of the best cosine; what is below is only the least unlike

_log = structlog.get_logger(__name__)


class Embedder(Protocol):
    """What makes vectors of texts; those of different names cannot be compared."""

    @property
    def name(self) -> str:
        """The model, with all that changes its vectors."""

    async def embed(
        self, texts: Sequence[str], kind: Literal["document", "query"]
    ) -> "npt.NDArray[np.float32]":
        """One row of length 1 for each text."""


class Nearness:
    """Compares a question with notes by their vectors, of which it remembers those it has seen."""

    def __init__(self, embedder: Embedder, *, most: int) -> None:
        self._embedder = embedder
        self._most = most
        self._places: dict[str, int] = {}
        self._rows: npt.NDArray[np.float32] = np.zeros((0, 0), dtype=np.float32)

    @property
    def model(self) -> str:
        """Which vectors these are."""
        return self._embedder.name

    def unknown(self, ids: Sequence[str]) -> list[str]:
        """Those of the notes whose vectors are not remembered."""
        return [id for id in ids if id not in self._places]

    def learn(self, stored: Mapping[str, bytes]) -> None:
        """Remember vectors as they were stored."""
        stored = {id: data for id, data in stored.items() if id not in self._places}
        if not stored:
            return
        fresh = np.stack([np.frombuffer(data, dtype=np.float16) for data in stored.values()])
        if len(self._places) + len(fresh) > self._most:
            self._places = {}  # most of them are of notes that are gone
        used = len(self._places)
        if used + len(fresh) > len(self._rows):
            grown = np.zeros((2 * (used + len(fresh)), fresh.shape[1]), dtype=np.float32)
            if used:
                grown[:used] = self._rows[:used]
            self._rows = grown
        self._rows[used : used + len(fresh)] = fresh
        self._places |= {id: used + place for place, id in enumerate(stored)}

    async def make(self, texts: Mapping[str, str]) -> dict[str, bytes]:
        """Vectors of texts, to be stored; none when the model does not answer."""
        rows = await self._embed(list(texts.values()), "document")
        if rows is None:
            return {}
        made = {id: row.astype(np.float16).tobytes() for id, row in zip(texts, rows, strict=True)}
        self.learn(made)
        return made

    async def rank(self, question: str, ids: Sequence[str]) -> list[str]:
        """The notes that are near the question, nearest first."""
        asked = await self._embed([question], "query") if ids else None
        known = [id for id in ids if id in self._places]
        if asked is None or not known:
            return []
        rows = [self._places[id] for id in known]
        scores = (self._rows[: len(self._places)] @ asked[0])[rows]
        least = max(_LEAST, _SHARE * float(scores.max()))
        order = np.argsort(-scores, kind="stable")
        return [known[place] for place in order.tolist() if scores[place] >= least]

    async def _embed(
        self, texts: Sequence[str], kind: Literal["document", "query"]
    ) -> "npt.NDArray[np.float32] | None":
        if not texts:
            return None
        try:
            async with asyncio.timeout(_PATIENCE):
                return await self._embedder.embed(texts, kind)
        except (OrchestraError, TimeoutError) as error:
            _log.warning("notes are searched without vectors", error=str(error))
            return None
