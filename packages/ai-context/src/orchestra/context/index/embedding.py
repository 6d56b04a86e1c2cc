"""Gives the chunks of the index vectors, in the background, and compares tasks with them."""

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import structlog
from orchestra.context.index.cache import Cache
from orchestra.context.index.chunk_vectors import ChunkVectors
from orchestra.context.index.code_index import CodeIndex, VectorState
from orchestra.context.index.corpus import Corpus, Figures
from orchestra.context.index.nearness import Chunks, Nearness
from orchestra.context.index.passages import passages_of, task_passage
from orchestra.context.index.ranking import Dense
from orchestra.shared.errors import Invalid, OrchestraError, TooLarge, Unavailable

if TYPE_CHECKING:
    from orchestra.vectors import Embedder

QUERY_PATIENCE = 2.0
"""Seconds that a question waits for its own vector before it goes without vectors."""
SPOT_PATIENCE = 1.0
"""Seconds that it then waits for vectors of the likeliest chunks that have none yet."""

_AT_ONCE = 8  # chunks; so long may a question wait for a batch that has begun
_BATCH_PATIENCE = 60.0  # seconds
_REST = 1.0  # of the time that a batch took, until the next one
_LEAST_REST = 0.02  # seconds
_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 300.0  # seconds after a failure
_MOST_REFUSED = 10_000  # chunks; more are asked for again
_REMEMBERED = 128  # questions
_LEFT_ALONE = 5.0  # seconds without further questions after one was not answered

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a question is compared with chunks by meaning, if it is, and what to say of that."""

    dense: Dense | None
    remark: str


class ChunkEmbedding:
    """Embeds what the index holds, a few chunks at a time, while nobody asks anything.

    What was embedded is on disk by content: a restart goes on where it was. `redact` is what each
    text goes through before it reaches the embedder.
    """

    def __init__(
        self,
        index: CodeIndex,
        embedder: "Embedder",
        cache: Path | None,
        redact: Callable[[str], str],
        *,
        patience: float = QUERY_PATIENCE,
    ) -> None:
        self._index = index
        self._embedder = embedder
        self._cache = Cache(cache)
        self._redact = redact
        self._patience = patience
        self._vectors: ChunkVectors | None = None  # until the dimension is known
        self._task: asyncio.Task[None] | None = None
        self._questions: OrderedDict[str, Figures] = OrderedDict()
        self._asking = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._complete: Corpus | None = None  # the last state of which nothing lacks
        self._caught_up = asyncio.Event()
        self._total = self._done = 0
        self._refused: set[int] = set()  # keys of chunks, until a restart
        self._problem: str | None = None
        self._failed_at = -_LEFT_ALONE
        self._on_the_spot = asyncio.Lock()

    async def start(self) -> None:
        """Begin; this waits for nothing."""
        self._task = asyncio.create_task(self._run(), name="chunk-embedding")

    async def close(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._cache.close()

    def state(self) -> VectorState:
        """How far it is."""
        refused = len(self._refused)
        return VectorState(self._embedder.name, self._done, self._total, self._problem, refused)

    async def settle(self) -> None:
        """Return once every chunk of the index's present state has a vector."""
        while await self._index.corpus() is not self._complete:
            self._caught_up.clear()
            await self._caught_up.wait()

    @contextlib.asynccontextmanager
    async def compare(self, task: str) -> AsyncGenerator[Comparison]:
        """For the length of a question: how it is compared. Never raises, never waits long."""
        self._asking += 1
        self._quiet.clear()
        try:
            yield await self._compare(task)
        finally:
            self._asking -= 1
            if not self._asking:
                self._quiet.set()

    async def _compare(self, task: str) -> Comparison:
        try:
            vector = await self._question(task_passage(self._redact(task)))
        except (OrchestraError, TimeoutError) as error:
            self._problem, self._failed_at = _said(error), time.monotonic()
            return Comparison(None, f"vectors: left out of the ranking, as {self._problem}")
        if self._vectors is None:
            return Comparison(None, "vectors: 0 % of chunks; none are part of the ranking yet")
        share = int(100 * self._done / self._total) if self._total else 0
        remark = f"vectors: {share} % of chunks"
        if self._problem:
            remark += f"; no more for now, as {self._problem}"
        return Comparison(Dense(self._nearness(self._vectors, vector)), remark)

    async def _question(self, text: str) -> Figures:
        if text not in self._questions:
            if self._problem and time.monotonic() - self._failed_at < _LEFT_ALONE:
                raise Unavailable(self._problem, hint="see the state of the index")
            async with asyncio.timeout(self._patience):
                rows = await self._embedder.embed([text], "query")
            self._know(rows.shape[1])
            self._questions[text] = rows[0]
            if len(self._questions) > _REMEMBERED:
                self._questions.popitem(last=False)
            self._failed_at = -_LEFT_ALONE
        return self._questions[text]

    def _unrefused(self, corpus: Corpus, chunks: Chunks) -> Chunks:
        """The chunks that the embedder has not refused."""
        refused = self._refused
        if not refused:
            return chunks
        keys = corpus.view.chunk_keys[chunks].tolist()
        left: Chunks = chunks[[key not in refused for key in keys]]
        return left

    def _know(self, dimension: int) -> ChunkVectors:
        if self._vectors is None:
            self._vectors = ChunkVectors(self._cache, self._embedder.name, dimension)
        return self._vectors

    def _nearness(self, vectors: ChunkVectors, vector: Figures) -> Nearness:
        loop = asyncio.get_running_loop()

        def closeness(corpus: Corpus, chunks: Chunks) -> Figures:
            """Called from a thread of the ranking."""
            keys = corpus.view.chunk_keys[chunks]
            vectors.recall(keys)
            lacking = self._unrefused(corpus, chunks[~vectors.known(keys)])
            if len(lacking) and not self._problem and not self._on_the_spot.locked():
                embedding = self._embed_on_the_spot(corpus, lacking)
                asyncio.run_coroutine_threadsafe(embedding, loop).result()
            return vectors.closeness(keys, vector)

        return closeness

    async def _embed_on_the_spot(self, corpus: Corpus, chunks: Chunks) -> None:
        """Embed as many as the time allows; the likeliest come first. One question at a time."""
        try:
            async with asyncio.timeout(SPOT_PATIENCE), self._on_the_spot:
                for first in range(0, len(chunks), _AT_ONCE):
                    with contextlib.suppress(Invalid, TooLarge):  # found out in the background
                        await self._embed(corpus, chunks[first : first + _AT_ONCE])
        except TimeoutError:
            pass  # what is lacking is neutral in the ranking, and comes in the background
        except OrchestraError as error:
            self._problem = _said(error)

    async def _run(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                updated = self._index.updated
                await self._embed_all(await self._index.corpus(patience=None))
                self._problem, pause = None, _FIRST_PAUSE
                await updated.wait()
                continue
            except (OrchestraError, TimeoutError) as error:
                self._problem = _said(error)
                _log.warning("chunks cannot be embedded", error=self._problem, again_in=pause)
            except Exception as error:  # noqa: BLE001 - whatever it was: it is begun again
                self._problem = f"it failed ({type(error).__name__})"
                _log.exception("the embedding of chunks failed")
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _embed_all(self, corpus: Corpus) -> None:
        """Embed what lacks a vector, until all have one or the index has changed."""
        if self._vectors is None:
            self._know(await self._ask_dimension())
        vectors = self._vectors
        assert vectors is not None  # noqa: S101 - for the type checker
        lacking = await asyncio.to_thread(_lacking, corpus, vectors)
        self._total = int(corpus.view.alive[corpus.view.chunk_files].sum())
        self._done = self._total - len(lacking)
        lacking = self._unrefused(corpus, lacking)
        for first in range(0, len(lacking), _AT_ONCE):
            await self._quiet.wait()
            if vectors.full or await self._index.corpus() is not corpus:
                return
            started = time.monotonic()
            some = lacking[first : first + _AT_ONCE]
            self._done += await self._embed_sparing(corpus, some)
            self._problem = None
            await asyncio.sleep(max(_LEAST_REST, _REST * (time.monotonic() - started)))
        self._complete = corpus
        self._caught_up.set()

    async def _embed_sparing(self, corpus: Corpus, chunks: Chunks) -> int:
        """Embed all but those that the embedder refuses, and remember these; how many it took.

        Raises:
            OrchestraError: it refuses even what it took before, so it is not for these texts.
            TimeoutError: the same.
        """
        try:
            async with asyncio.timeout(_BATCH_PATIENCE):
                await self._embed(corpus, chunks)
            return len(chunks)
        except (OrchestraError, TimeoutError) as error:
            await self._ask_dimension()
            if len(chunks) == 1:
                if len(self._refused) < _MOST_REFUSED:
                    self._refused.add(int(corpus.view.chunk_keys[chunks[0]]))
                _log.warning("the embedder refuses a chunk", error=_said(error))
                return 0
        half = len(chunks) // 2
        taken = await self._embed_sparing(corpus, chunks[:half])
        return taken + await self._embed_sparing(corpus, chunks[half:])

    async def _ask_dimension(self) -> int:
        async with asyncio.timeout(_BATCH_PATIENCE):
            return int((await self._embedder.embed(["dimension"], "query")).shape[1])

    async def _embed(self, corpus: Corpus, chunks: Chunks) -> None:
        vectors = self._vectors
        assert vectors is not None  # noqa: S101 - for the type checker
        texts = await asyncio.to_thread(
            passages_of, corpus.view, chunks, self._index.read, self._redact
        )
        rows = await self._embedder.embed(texts, "document")
        await asyncio.to_thread(vectors.put, corpus.view.chunk_keys[chunks], rows)


def _lacking(corpus: Corpus, vectors: ChunkVectors) -> Chunks:
    """The chunks without a vector: those of source files first."""
    view = corpus.view
    alive = np.flatnonzero(view.alive[view.chunk_files])
    keys = view.chunk_keys[alive]
    vectors.make_room(keys)
    vectors.recall(keys)
    lacking = alive[~vectors.known(keys)]
    order = np.argsort(corpus.roles[view.chunk_files[lacking]], kind="stable")
    chunks: Chunks = lacking[order]
    return chunks


def _said(error: Exception) -> str:
    if isinstance(error, OrchestraError):
        return error.message
    return "the embedder does not answer in time"
