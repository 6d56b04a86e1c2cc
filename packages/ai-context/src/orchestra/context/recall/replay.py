"""Steps through the past of a repository: its corpus as it was before each of some commits."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from orchestra.context.git.command import Git
from orchestra.context.index.cache import Cache
from orchestra.context.index.corpus import Corpus
from orchestra.context.index.history import Commit, History, list_commits, read_commits
from orchestra.context.index.objects import Blob, list_tree, read_blobs
from orchestra.context.index.parsed import LARGEST, ParsedFile, content_key, unread
from orchestra.context.index.parsing import parse_all
from orchestra.context.index.ranking import Dense
from orchestra.context.index.view import View
from orchestra.context.index.weights import Weights
from orchestra.context.recall.cases import Case
from orchestra.context.recall.past_nearness import PastNearness
from orchestra.shared.errors import NotFound
from orchestra.vectors import Embedder

_KEPT = 500  # files between two writes to the cache


@dataclass(frozen=True, slots=True)
class Moment:
    """A repository as it was when a case's task was given."""

    case: Case
    corpus: Corpus
    source: "CommittedSource"
    weights: Weights | None = None
    """What to rank with, if not with the weights that ship."""
    dense: Dense | None = None
    """What compares the task with chunks by meaning, where there is a model."""


@dataclass(frozen=True, slots=True)
class CommittedSource:
    """The texts of one commit's tree."""

    git: Git
    tree: Mapping[str, Blob]

    def read(self, paths: Sequence[str]) -> dict[str, str]:
        """The texts of some files; one that is not in the tree is left out."""
        by_oid: dict[str, list[str]] = {}
        for path in paths:
            if path in self.tree and self.tree[path].size <= LARGEST:
                by_oid.setdefault(self.tree[path].oid, []).append(path)
        texts = {}
        for oid, content in read_blobs(self.git, by_oid):
            for path in by_oid[oid]:
                texts[path] = content.decode("utf-8", "replace")
        return texts


class Replay:
    """The moments of one repository's cases, oldest first, so that each differs little."""

    def __init__(
        self,
        folder: Path,
        cache: Path | None,
        weights: Weights | None = None,
        *,
        model: Embedder | None = None,
        near_weights: Weights | None = None,
    ) -> None:
        if not folder.is_dir():
            raise NotFound(f"there is no repository `{folder}`", hint="clone it there")
        self._git = Git(folder)
        self._cache = Cache(cache)
        self._weights = weights
        self._near_weights = near_weights
        self._nearness = PastNearness(model, self._cache) if model else None
        self._files: dict[str, ParsedFile] = {}
        self._commits: dict[str, Commit] = {}
        self._huge = unread("larger than 1 MB")

    def moments(self, cases: Iterable[Case]) -> Iterator[Moment]:
        """A moment for each case whose parent the repository has.

        Raises:
            NotFound: the repository lacks a parent.
        """
        view: View | None = None
        with closing(self._cache):
            for case in sorted(cases, key=lambda case: (case.date, case.id)):
                tree = list_tree(self._git, case.parent)
                files = self._parse(tree)
                view = view.becoming(files) if view else View.of(files)
                view = View.of(files) if view.scattered else view
                corpus = Corpus(view, self._history(case.parent))
                source = CommittedSource(self._git, tree)
                yield Moment(case, corpus, source, self._weights, self._dense(case, source))

    def _dense(self, case: Case, source: CommittedSource) -> Dense | None:
        if self._nearness is None:
            return None
        return Dense(self._nearness.to(case.query, source.read), self._near_weights)

    def _parse(self, tree: Mapping[str, Blob]) -> dict[str, ParsedFile]:
        keys = {p: content_key(p, b.oid) for p, b in tree.items() if b.size <= LARGEST}
        missing = {key: path for path, key in keys.items() if key not in self._files}
        self._files |= self._cache.files(missing)
        unknown = {key: path for key, path in missing.items() if key not in self._files}
        fresh: dict[str, ParsedFile] = {}
        for key, file in self._read({key: (p, tree[p].oid) for key, p in unknown.items()}):
            fresh[key] = file
            if len(fresh) >= _KEPT:
                self._keep(fresh)
                fresh = {}
        self._keep(fresh)
        return {p: self._files.get(keys.get(p, ""), self._huge) for p in tree}

    def _keep(self, fresh: Mapping[str, ParsedFile]) -> None:
        self._cache.put_files(fresh)
        self._files |= fresh

    def _read(self, unknown: Mapping[str, tuple[str, str]]) -> Iterator[tuple[str, ParsedFile]]:
        by_oid: dict[str, list[tuple[str, str]]] = {}
        for key, (path, oid) in unknown.items():
            by_oid.setdefault(oid, []).append((key, path))
        work = (
            (key, path, content)
            for oid, content in read_blobs(self._git, by_oid)
            for key, path in by_oid[oid]
        )
        yield from parse_all(work, len(unknown))

    def _history(self, revision: str) -> History:
        shas = list_commits(self._git, revision)
        self._commits |= self._cache.commits([sha for sha in shas if sha not in self._commits])
        fresh = list(read_commits(self._git, [s for s in shas if s not in self._commits]))
        self._cache.put_commits(fresh)
        self._commits |= {commit.sha: commit for commit in fresh}
        return History([self._commits[sha] for sha in shas if sha in self._commits])
