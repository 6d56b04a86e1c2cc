"""The code index of one repository: always of the present state, ready to be searched."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from orchestra.context.git.repository import Repository
from orchestra.context.index.cache import Cache
from orchestra.context.index.changes import Changed, changed_since
from orchestra.context.index.corpus import Corpus
from orchestra.context.index.parsing import PROGRAM, Parsers
from orchestra.context.index.reader import IndexReader
from orchestra.context.index.references import Finder
from orchestra.context.index.segment import Segment
from orchestra.context.index.tokens import count_tokens
from orchestra.context.index.working_files import MOST_FILES, WorkingFiles
from orchestra.context.log import ContextLog
from orchestra.shared.errors import OrchestraError, Unavailable

_PATIENCE = 20.0  # seconds that a question waits for the first reading
_RECONCILE = 120.0  # seconds between two looks at everything
_PAUSE = 2.0  # seconds after a failure

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class VectorState:
    """How many of the chunks have a vector of the embedder, and what is wrong with it."""

    embedder: str
    embedded: int
    total: int
    problem: str | None
    refused: int = 0
    """Chunks that the embedder does not take: they are ranked without a vector."""


@dataclass(frozen=True, slots=True)
class IndexState:
    """How the index is."""

    ready: bool
    files: int
    chunks: int
    commits: int
    skipped: int
    """Files that are known by name only: binary, huge, generated, or likely to hold secrets."""
    broken: int
    """Files on which their grammar crashed or did not end: they are read as plain text."""
    omitted: int
    """Files beyond the most that are indexed."""
    done: int
    total: int
    """While it is being built: how many of the files to read have been."""
    updated_at: datetime | None
    commit: str | None
    problem: str | None
    vectors: VectorState | None = None
    """Of an embedder that is part of the ranking, if there is one."""


class CodeIndex:
    """Follows the context stream, and reads what has changed. Searches see whole states only."""

    def __init__(
        self,
        path: Path,
        log: ContextLog,
        cache: Path | None,
        *,
        most: int = MOST_FILES,
        parser: str = PROGRAM,
    ) -> None:
        """`most` files are indexed; of a larger repository, the first by path.

        `parser` is the module that the processes that read contents run.
        """
        self._path = path
        self._log = log
        self._cache_path = cache
        self._most = most
        self._parsers = Parsers(parser)
        self.references = Finder(self)
        """Finds where symbols are used."""
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="orchestra-index")
        self._task: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._corpus: Corpus | None = None
        self._files: WorkingFiles | None = None
        self._seen = 0
        self._done = self._total = 0
        self._at: datetime | None = None
        self._commit: str | None = None
        self._problem: str | None = None
        self._updated = asyncio.Event()

    async def start(self) -> None:
        """Begin to read; this does not wait for it."""
        self._task = asyncio.create_task(self._run(), name="code-index")

    async def close(self) -> None:
        """Stop."""
        await self.references.close()
        self._parsers.stop()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._worker.shutdown(wait=False, cancel_futures=True)

    @property
    def updated(self) -> asyncio.Event:
        """Set when the index takes in something after now."""
        return self._updated

    async def corpus(self, patience: float | None = _PATIENCE) -> Corpus:
        """The present state; `None` waits for the first one for ever.

        Raises:
            Unavailable: it is still being read, or cannot be.
        """
        try:
            async with asyncio.timeout(patience):
                await self._ready.wait()
        except TimeoutError:
            said = self._problem or f"{self._done:,} of {self._total:,} files have been read"
            raise Unavailable(
                f"the code index is not ready: {said}", hint="ask again in some seconds"
            ) from None
        assert self._corpus is not None  # noqa: S101 - it is ready
        return self._corpus

    async def settle(self) -> None:
        """Return once every change that the context stream has now is in the index."""
        wanted = self._log.seq
        while self._seen < wanted:
            await self._updated.wait()

    def read(self, paths: Sequence[str]) -> Mapping[str, str]:
        """The texts of files of the repository, as they are now. Blocking: call it from a thread."""
        return {} if self._files is None else self._files.read(paths)

    @property
    def commit(self) -> str | None:
        """The commit of HEAD whose history was read."""
        return self._commit

    def state(self) -> IndexState:
        """How it is now."""
        corpus = self._corpus
        view = corpus.view if corpus else None
        return IndexState(
            corpus is not None,
            len(view) if view else 0,
            int(view.first_chunks[-1]) if view else 0,
            len(corpus.history.commits) if corpus else 0,
            view.skipped if view else 0,
            view.broken if view else 0,
            self._files.omitted if self._files else 0,
            self._done,
            self._total,
            self._at,
            self._commit,
            self._problem,
        )

    async def _run(self) -> None:
        while True:
            try:
                await self._follow()
            except OrchestraError as error:
                self._problem = error.message
                _log.warning("the code index cannot be read", error=str(error))
            except Exception as error:  # noqa: BLE001 - whatever it was: it is begun again
                self._problem = f"it failed ({type(error).__name__})"
                _log.exception("the code index failed")
            await asyncio.sleep(_PAUSE)

    async def _follow(self) -> None:
        loop = asyncio.get_running_loop()
        reader = await loop.run_in_executor(self._worker, self._open)
        try:
            changed = Changed(everything=True, head=True)
            while True:
                grown, seq = self._log.grown(), self._log.seq
                corpus = await loop.run_in_executor(self._worker, reader.read, changed)
                self._publish(corpus, reader.commit, seq)
                changed = await self._next(grown, seq, reader.merging())
        finally:
            await loop.run_in_executor(self._worker, reader.close)
            await loop.run_in_executor(self._worker, self._parsers.close)

    async def _next(
        self, grown: asyncio.Event, seq: int, merging: Future[Segment] | None
    ) -> Changed:
        """Wait for what concerns the index: changes, or a base that has been merged."""
        merged = None if merging is None else asyncio.wrap_future(merging)
        if merged is not None:  # the reader looks at what went wrong
            merged.add_done_callback(lambda done: done.cancelled() or done.exception())
        while True:
            if not await _any(grown, merged, _RECONCILE):
                return Changed(everything=True)
            grown, now = self._log.grown(), self._log.seq
            changed = changed_since(self._log, seq)
            if changed or (merged is not None and merged.done()):
                return changed
            seq = now
            self._reach(seq)

    def _publish(self, corpus: Corpus, commit: str | None, seq: int) -> None:
        self._corpus, self._commit, self._problem = corpus, commit, None
        self._at = datetime.now(UTC)
        self._ready.set()
        self._reach(seq)

    def _reach(self, seq: int) -> None:
        self._seen = seq
        updated, self._updated = self._updated, asyncio.Event()
        updated.set()

    def _open(self) -> IndexReader:
        count_tokens("")  # reads its vocabulary now, so that no pack waits for it
        reader = IndexReader(
            Repository.find(self._path),
            Cache(self._cache_path),
            self._report,
            self._most,
            self._parsers,
        )
        self._files = reader.files
        return reader

    def _report(self, done: int, total: int) -> None:
        self._done, self._total = done, total


async def _any(
    grown: asyncio.Event, merged: "asyncio.Future[Segment] | None", patience: float
) -> bool:
    """Wait for one of them; whether it came in time."""
    waiting: list[asyncio.Future[Any]] = [asyncio.ensure_future(grown.wait())]
    if merged is not None:
        waiting.append(merged)
    try:
        done, _ = await asyncio.wait(waiting, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        return bool(done)
    finally:
        waiting[0].cancel()
