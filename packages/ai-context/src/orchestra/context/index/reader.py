"""Reads a repository into corpora: the whole, then what has changed."""

import gc
import time
from concurrent.futures import Future

import structlog
from orchestra.context.git.repository import Repository
from orchestra.context.index.cache import Cache
from orchestra.context.index.changes import Changed
from orchestra.context.index.corpus import Corpus
from orchestra.context.index.history import Commit, History, list_commits, read_commits
from orchestra.context.index.merger import Merger
from orchestra.context.index.parsing import Parsers, Progress
from orchestra.context.index.segment import Segment
from orchestra.context.index.view import View
from orchestra.context.index.working_files import MOST_FILES, WorkingFiles

_log = structlog.get_logger(__name__)


class IndexReader:
    """A repository that is read again and again. Blocking: use it from one thread."""

    def __init__(
        self,
        repository: Repository,
        cache: Cache,
        report: Progress = lambda _done, _total: None,
        most: int = MOST_FILES,
        parsers: Parsers | None = None,
    ) -> None:
        """`parsers` are left open; those of its own it closes."""
        self._own = None if parsers else Parsers()
        self.files = WorkingFiles(repository, cache, report, most, parsers or self._own)
        self.commit: str | None = None
        self._git = repository.git
        self._cache = cache
        self._corpus: Corpus | None = None
        self._history = History([])
        self._commits: dict[str, Commit] = {}
        self._merger = Merger()

    def read(self, changed: Changed) -> Corpus:
        """The corpus after a change."""
        started = time.monotonic()
        looked: frozenset[str] | None = None
        if changed.everything:
            files = self.files.scan()
        else:
            files, looked = self.files.take(changed.paths, changed.left)
        before = self._corpus
        merged = self._merger.take()
        view = before.view.becoming(files, looked, merged) if before else View.of(files)
        self._merger.offer(view)
        if changed.head:
            self._history = self._read_history()
        corpus = self._corpus = Corpus(view, self._history, before)
        corpus.prepare()
        if before is None or corpus.view.base is not before.view.base:
            _settle_memory(before is None)
        took = time.monotonic() - started
        _log.debug("index updated", everything=changed.everything, seconds=round(took, 3))
        return corpus

    def merging(self) -> "Future[Segment] | None":
        """What is being merged: once it is there, the next reading takes it."""
        return self._merger.running

    def close(self) -> None:
        """End what runs, close the cache."""
        self._merger.close()
        if self._own:
            self._own.close()
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


def _settle_memory(first: bool) -> None:
    """Keep the garbage collector from going through the index again and again: it holds no rings.

    Each pass over the symbols of 20,000 files would let every question wait; so there is one at the
    start only.
    """
    if first:
        gc.collect()
    gc.freeze()
