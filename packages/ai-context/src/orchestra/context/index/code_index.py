"""The code index of one repository: always of the present state, ready to be searched."""

import asyncio
import contextlib
import gc
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog
from orchestra.context.git.repository import Repository
from orchestra.context.index.cache import Cache
from orchestra.context.index.changes import Changed, changed_since
from orchestra.context.index.corpus import Corpus
from orchestra.context.index.history import Commit, History, list_commits, read_commits
from orchestra.context.index.parsing import Progress
from orchestra.context.index.tokens import count_tokens
from orchestra.context.index.view import View
from orchestra.context.index.working_files import WorkingFiles
from orchestra.context.log import ContextLog
from orchestra.shared.errors import OrchestraError, Unavailable

_PATIENCE = 20.0  # seconds that a question waits for the first reading
_RECONCILE = 120.0  # seconds between two looks at everything
_PAUSE = 2.0  # seconds after a failure

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class IndexState:
    """How the index is."""

    ready: bool
    files: int
    chunks: int
    commits: int
    skipped: int
    """Files that are known by name only: binary, huge, generated, or likely to hold secrets."""
    omitted: int
    """Files beyond the most that are indexed."""
    done: int
    total: int
    """While it is being built: how many of the files to read have been."""
    updated_at: datetime | None
    commit: str | None
    problem: str | None


class CodeIndex:
    """Follows the context stream, and reads what has changed. Searches see whole states only."""

    def __init__(self, path: Path, log: ContextLog, cache: Path | None) -> None:
        self._path = path
        self._log = log
        self._cache_path = cache
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
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._worker.shutdown(wait=False, cancel_futures=True)

    async def corpus(self, patience: float = _PATIENCE) -> Corpus:
        """The present state.

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

    def state(self) -> IndexState:
        """How it is now."""
        corpus = self._corpus
        view = corpus.view if corpus else None
        return IndexState(
            corpus is not None,
            len(view) if view else 0,
            int(view.first_chunks[-1]) if view else 0,
            len(corpus.history.commits) if corpus else 0,
            sum(file.skipped is not None for file in view.current.values()) if view else 0,
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
                changed = await self._next(grown, seq)
        finally:
            await loop.run_in_executor(self._worker, reader.close)

    async def _next(self, grown: asyncio.Event, seq: int) -> Changed:
        """Wait for what concerns the index."""
        while True:
            try:
                async with asyncio.timeout(_RECONCILE):
                    await grown.wait()
            except TimeoutError:
                return Changed(everything=True)
            grown, now = self._log.grown(), self._log.seq
            changed = changed_since(self._log, seq)
            if changed:
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

    def _open(self) -> "_Reader":
        count_tokens("")  # reads its vocabulary now, so that no pack waits for it
        reader = _Reader(Repository.find(self._path), Cache(self._cache_path), self._report)
        self._files = reader.files
        return reader

    def _report(self, done: int, total: int) -> None:
        self._done, self._total = done, total


class _Reader:
    """What the worker thread holds."""

    def __init__(self, repository: Repository, cache: Cache, report: Progress) -> None:
        self.files = WorkingFiles(repository, cache, report)
        self.commit: str | None = None
        self._git = repository.git
        self._cache = cache
        self._corpus: Corpus | None = None
        self._history = History([])
        self._commits: dict[str, Commit] = {}

    def read(self, changed: Changed) -> Corpus:
        """The corpus after a change."""
        started = time.monotonic()
        files = self.files.scan() if changed.everything else self.files.take(changed.paths)
        before = self._corpus
        view = before.view.becoming(files) if before else View.of(files)
        if changed.head:
            self._history = self._read_history()
        corpus = self._corpus = Corpus(view, self._history, before)
        corpus.prepare()
        if before is None or corpus.view.base is not before.view.base:
            _settle_memory()
        took = time.monotonic() - started
        _log.debug("index updated", everything=changed.everything, seconds=round(took, 3))
        return corpus

    def close(self) -> None:
        """End what runs, close the cache."""
        self._git.close()
        self._cache.close()

    def _read_history(self) -> History:
        shas = list_commits(self._git, "HEAD")
        head = self._git.attempt("rev-parse", "--verify", "-q", "HEAD")
        self.commit = head.output.decode("ascii").strip() or None if head.code == 0 else None
        self._commits = {s: self._commits[s] for s in shas if s in self._commits}
        self._commits |= self._cache.commits([sha for sha in shas if sha not in self._commits])
        fresh = list(read_commits(self._git, [s for s in shas if s not in self._commits]))
        self._cache.put_commits(fresh)
        self._commits |= {commit.sha: commit for commit in fresh}
        return History([self._commits[sha] for sha in shas if sha in self._commits])


def _settle_memory() -> None:
    """Keep the garbage collector from going through the index again and again: it holds no rings.

    Each pass over the symbols of 20,000 files would let every question wait.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
