"""Whatever is done to a repository, the index that followed is the one that a fresh start makes."""

import contextlib
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from orchestra.context.git.repository import Repository
from orchestra.context.git.testing import GitRepository
from orchestra.context.index.cache import Cache
from orchestra.context.index.changes import Changed
from orchestra.context.index.corpus import Corpus
from orchestra.context.index.parsing import Parsers
from orchestra.context.index.reader import IndexReader

_PATHS = (
    "a.py",
    "pkg/__init__.py",
    "pkg/util.py",
    "pkg/deep/util.py",
    "pkg/deep/test_util.py",
    "web/util.ts",
    "web/index.ts",
    "tests/test_util.py",
    "ignored/x.py",
)
_TEXTS = (
    "import util\nfrom pkg import util\n",
    "from pkg.deep import util\nimport pkg\n\ndef one(): pass\n",
    "from . import util\n\nclass Two:\n    def three(self): pass\n",
    'import { x } from "./util";\nimport y from "../pkg/util";\n',
    "",
)
_PARSERS = Parsers()
"""One for all: starting it takes longer than an example."""


@pytest.fixture(autouse=True, scope="module")
def _ended() -> Iterator[None]:
    yield
    _PARSERS.close()


_paths = st.sampled_from(_PATHS)
_operations = st.one_of(
    st.tuples(st.just("write"), _paths, st.sampled_from(_TEXTS)),
    st.tuples(st.just("delete"), _paths, st.just("")),
    st.tuples(st.just("rename"), _paths, _paths),
    st.tuples(st.just("commit"), st.just(""), st.just("")),
    st.tuples(st.just("checkout"), st.sampled_from(("main", "other")), st.just("")),
    st.tuples(st.just("link"), _paths, st.just("a.py")),
)


def _apply(repository: GitRepository, kind: str, first: str, second: str) -> Changed:
    """Do it; what the context would tell of it."""
    path, other = repository.root / first, repository.root / second
    if kind == "commit":
        repository.commit()
        return Changed(everything=True, head=True)
    if kind == "checkout":
        repository.git("checkout", "--quiet", "--force", "-B", first, check=False)
        return Changed(everything=True, head=True)
    if kind == "write":
        if path.is_symlink():  # else another file would change, of which nobody tells
            path.unlink()
        repository.write(first, second)
    elif kind == "delete":
        path.unlink()
    elif kind == "link":
        path.unlink(missing_ok=True)
        path.symlink_to(second)
    else:
        other.parent.mkdir(parents=True, exist_ok=True)
        path.rename(other)
    told = {p for p in (first, second if kind == "rename" else "") if p}
    return Changed(paths=frozenset(p for p in told if not p.startswith("ignored/")))


def _told(corpus: Corpus) -> dict[str, object]:
    """All that a corpus knows, without the numbers of files."""
    view, links = corpus.view, corpus.links
    name = [path for path, _ in view.files]
    alive = {name[n] for n in range(len(name)) if view.alive[n]}
    past = corpus.churn
    return {
        "files": {path: file.pack() for path, file in view.current.items()},
        "alive": alive,
        "numbers": {path: name[n] for path, n in view.numbers.items()},
        "stems": {p for stem in ("util", "a", "pkg", "x") for p in map(name.__getitem__, view.with_stem(stem))},
        "imports": Counter((name[a], name[b]) for a, b in zip(links.importers, links.imported, strict=True)),
        "tests": Counter((name[a], name[b]) for a, b in zip(links.tests, links.tested, strict=True)),
        "churn": {path: round(float(past[n]), 5) for path, n in view.numbers.items()},
        "folders": _grouped({path: int(corpus.folders[n]) for path, n in view.numbers.items()}),
        "roles": {path: int(corpus.roles[n]) for path, n in view.numbers.items()},
        "sizes": {path: int(corpus.sizes[n]) for path, n in view.numbers.items()},
        "chunks": Counter(name[n] for n in view.chunk_files if view.alive[n]),
    }  # fmt: skip


def _grouped(folders: dict[str, int]) -> set[frozenset[str]]:
    return {frozenset(p for p, n in folders.items() if n == folder) for folder in folders.values()}


@pytest.mark.requirement("ctx.index")
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(operations=st.lists(_operations, min_size=3, max_size=15))
def test_an_index_that_followed_is_the_one_of_a_fresh_start(
    operations: list[tuple[str, str, str]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "repository"
        repository = GitRepository.create(root)
        repository.write(".gitignore", "ignored/\n")
        for path in _PATHS[:-2]:
            repository.write(path, _TEXTS[0])
        repository.commit()
        reader = IndexReader(Repository.find(root), Cache(None), parsers=_PARSERS)
        corpus = reader.read(Changed(everything=True, head=True))
        for operation in operations:
            with contextlib.suppress(OSError, shutil.Error):  # not possible at this point
                corpus = reader.read(_apply(repository, *operation))
                assert set(corpus.view.numbers) == set(corpus.view.current)
        fresh = IndexReader(Repository.find(root), Cache(None), parsers=_PARSERS)
        assert _told(corpus) == _told(fresh.read(Changed(everything=True, head=True)))
        reader.close()
        fresh.close()


@pytest.mark.requirement("ctx.index")
def test_a_great_change_is_searched_before_it_is_merged_and_afterwards(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "repository")
    repository.write("pkg/util.py", _TEXTS[0])
    repository.commit()
    reader = IndexReader(Repository.find(repository.root), Cache(None), parsers=_PARSERS)
    small = reader.read(Changed(everything=True, head=True))
    for number in range(100):
        repository.write(f"many/{number}/util.py", _TEXTS[number % len(_TEXTS)])
    served = reader.read(Changed(everything=True))
    assert served.view.base is small.view.base
    assert len(served.view) == 101
    merging = reader.merging()
    assert merging is not None
    repository.write("many/7/util.py", _TEXTS[0])
    (repository.root / "many/8/util.py").unlink()
    base = merging.result(timeout=30)
    changed = Changed(paths=frozenset(["many/7/util.py", "many/8/util.py"]))
    merged = reader.read(changed)
    assert merged.view.base is base
    assert {path for path, _ in merged.view.newer.files} == {"many/7/util.py"}
    assert reader.merging() is None
    fresh = IndexReader(Repository.find(repository.root), Cache(None), parsers=_PARSERS)
    assert _told(merged) == _told(fresh.read(Changed(everything=True, head=True)))
    assert {**_told(served), "files": {}} != {**_told(merged), "files": {}}
    reader.close()
    fresh.close()
