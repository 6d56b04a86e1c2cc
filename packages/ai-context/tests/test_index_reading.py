"""What is read of real repositories, hostile ones too: what is left out, bounded, and said."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from orchestra.context.git.repository import Repository
from orchestra.context.git.testing import GitRepository
from orchestra.context.index.cache import Cache
from orchestra.context.index.changes import Changed
from orchestra.context.index.corpus import Corpus
from orchestra.context.index.literal import places_of_names
from orchestra.context.index.parsing import Parsers
from orchestra.context.index.reader import IndexReader
from orchestra.shared.errors import OrchestraError
from orchestra.shared.settings import child_environment

pytestmark = pytest.mark.requirement("ctx.index")

EVERYTHING = Changed(everything=True, head=True)


_OPENED: list[IndexReader] = []
_PARSERS = Parsers()
"""One for all tests: starting it takes longer than most of them."""


@pytest.fixture(autouse=True, scope="module")
def _ended() -> Iterator[None]:
    yield
    _PARSERS.close()


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while _OPENED:
        _OPENED.pop().close()


def reader_of(root: Path, cache: Path | None = None, most: int = 1000) -> IndexReader:
    reader = IndexReader(Repository.find(root), Cache(cache), most=most, parsers=_PARSERS)
    _OPENED.append(reader)
    return _OPENED[-1]


def read(root: Path, cache: Path | None = None) -> Corpus:
    reader = reader_of(root, cache)
    try:
        return reader.read(EVERYTHING)
    finally:
        reader.close()


def skipped(corpus: Corpus) -> dict[str, str | None]:
    return {path: file.skipped for path, file in corpus.view.current.items() if file.skipped}


def found(corpus: Corpus, name: str) -> list[str]:
    return [place.path for place in places_of_names(corpus, name)]


def test_what_git_ignores_is_not_indexed_and_what_it_would_track_is(
    repository: GitRepository,
) -> None:
    repository.write(".gitignore", "build/\n*.log\n")
    repository.write("build/out.py", "ignored_word = 1\n")
    repository.write("x.log", "ignored_word\n")
    repository.write("untracked.py", "seen_word = 1\n")
    corpus = read(repository.root)
    assert set(corpus.view.current) == {".gitignore", "a.txt", "src/b.py", "untracked.py"}
    assert found(corpus, "ignored_word") == []
    assert found(corpus, "seen_word") == ["untracked.py"]


def test_a_bare_repository_is_indexed_as_its_head_is(
    repository: GitRepository, tmp_path: Path
) -> None:
    repository.write("src/b.py", "head_word = 1\n")
    repository.commit()
    bare = tmp_path / "bare.git"
    repository.git("clone", "--quiet", "--bare", str(repository.root), str(bare))
    corpus = read(bare)
    assert found(corpus, "head_word") == ["src/b.py"]
    assert len(corpus.history.commits) == 2


def test_an_empty_repository_has_an_empty_index(tmp_path: Path) -> None:
    empty = GitRepository.create(tmp_path / "empty")
    corpus = read(empty.root)
    assert len(corpus.view) == 0
    assert found(corpus, "anything_here") == []


def test_a_head_that_names_no_commit_leaves_the_files_and_no_history(
    repository: GitRepository,
) -> None:
    (repository.root / ".git" / "HEAD").write_text("ref: refs/heads/nowhere\n")
    corpus = read(repository.root)
    assert set(corpus.view.current) == {"a.txt", "src/b.py"}
    assert corpus.history.commits == ()


def test_a_head_that_is_broken_is_refused_in_words(repository: GitRepository) -> None:
    (repository.root / ".git" / "HEAD").write_text("rubbish\n")
    with pytest.raises(OrchestraError, match="HEAD"):
        read(repository.root)


def test_huge_binary_generated_and_secret_files_are_known_by_name_only(
    repository: GitRepository,
) -> None:
    huge = repository.write("huge.py")
    os.truncate(huge, 500 << 20)  # sparse: it takes no room
    (repository.root / "image.png").write_bytes(b"\x89PNG\0\0" + bytes(range(256)) * 100)
    repository.write("app.min.js", "var a=1;" * 10_000)
    for path in (".env", "config/.env.local", "tls/server.pem", "id_rsa", "a.key"):
        repository.write(path, "TOP_SECRET_WORD=1\n")
    repository.write(".env.example", "HARMLESS_WORD=\n")
    corpus = read(repository.root)
    assert skipped(corpus) == {
        "huge.py": "larger than 1 MB",
        "image.png": "binary",
        "app.min.js": "written by a machine",
        ".env": "it may hold secrets",
        "config/.env.local": "it may hold secrets",
        "tls/server.pem": "it may hold secrets",
        "id_rsa": "it may hold secrets",
        "a.key": "it may hold secrets",
    }
    assert found(corpus, "TOP_SECRET_WORD") == []
    assert found(corpus, "HARMLESS_WORD") == [".env.example"]


def test_a_secret_file_stays_unread_when_it_is_asked_for_by_name(
    repository: GitRepository,
) -> None:
    repository.write(".env", "TOKEN=1\n")
    reader = reader_of(repository.root)
    reader.read(EVERYTHING)
    assert reader.files.read([".env", "../outside", "a.txt"]) == {"a.txt": "text\n"}


def test_a_pipe_a_socket_and_links_are_never_opened(
    repository: GitRepository, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.py").write_text("outside_word = 1\n")
    os.mkfifo(repository.root / "pipe.py")  # who opened it would wait for ever
    (repository.root / "link.py").symlink_to(outside / "secret.py")
    (repository.root / "folder").symlink_to(outside, target_is_directory=True)
    reader = reader_of(repository.root)
    corpus = reader.read(EVERYTHING)
    told = reader.read(Changed(paths=frozenset(["pipe.py", "link.py", "folder/secret.py"])))
    for one in (corpus, told):
        assert set(one.view.current) == {"a.txt", "src/b.py"}
        assert found(one, "outside_word") == []


def test_a_folder_that_becomes_a_link_is_not_read_through(
    repository: GitRepository, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "b.py").write_text("outside_word = 1\n")
    reader = reader_of(repository.root)
    reader.read(EVERYTHING)
    (repository.root / "src").rename(repository.root / "moved")
    (repository.root / "src").symlink_to(outside, target_is_directory=True)
    assert reader.files.read(["src/b.py"]) == {}
    for changed in (Changed(paths=frozenset(["src/b.py"])), EVERYTHING):
        corpus = reader.read(changed)
        assert found(corpus, "outside_word") == []
        assert "src/b.py" not in corpus.view.current


def test_names_that_are_not_utf8_are_indexed_and_found(repository: GitRepository) -> None:
    name = os.fsencode(repository.root) + b"/caf\xe9.py"
    with open(name, "w") as file:  # noqa: PTH123 - a name of bytes
        file.write("latin_word = 1\n")
    repository.commit("latin")
    reader = reader_of(repository.root)
    corpus = reader.read(EVERYTHING)
    (path,) = found(corpus, "latin_word")
    assert os.fsencode(path) == b"caf\xe9.py"
    assert reader.files.read([path]) == {path: "latin_word = 1\n"}


def test_what_is_to_be_read_is_said_before_it_is_and_afterwards_that_it_was(
    repository: GitRepository,
) -> None:
    told: list[tuple[int, int]] = []
    found = Repository.find(repository.root)
    reader = IndexReader(found, Cache(None), lambda *how: told.append(how), parsers=_PARSERS)
    _OPENED.append(reader)
    reader.read(EVERYTHING)
    assert told == [(0, 2), (2, 2)]
    repository.write("a.txt", "changed_word\n")
    reader.read(Changed(paths=frozenset(["a.txt"])))
    assert told[2:] == [(0, 1), (1, 1)]


def test_files_beyond_the_most_are_left_out_and_counted(repository: GitRepository) -> None:
    for number in range(10):
        repository.write(f"many/{number}.py")
    reader = reader_of(repository.root, most=5)
    corpus = reader.read(EVERYTHING)
    assert sorted(corpus.view.current) == ["a.txt", *(f"many/{n}.py" for n in range(4))]
    assert reader.files.omitted == 7
    repository.write("b.txt")
    corpus = reader.read(Changed(paths=frozenset(["b.txt"])))
    assert len(corpus.view) == 5
    assert reader.files.omitted == 8


def test_two_saves_in_one_tick_of_the_clock_are_both_seen(repository: GitRepository) -> None:
    reader = reader_of(repository.root)
    path = repository.write("a.txt", "first_word\n")
    at = path.stat().st_mtime_ns
    reader.read(EVERYTHING)
    path.write_text("other_word\n")
    os.utime(path, ns=(at, at))
    assert found(reader.read(Changed(everything=True)), "other_word") == ["a.txt"]


@pytest.mark.parametrize("damage", [b"rubbish" * 1000, b"", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_cache_costs_time_only(
    repository: GitRepository, tmp_path: Path, damage: bytes
) -> None:
    cache = tmp_path / "index.sqlite"
    read(repository.root, cache)
    for suffix in ("-wal", "-shm"):
        cache.with_name(cache.name + suffix).unlink(missing_ok=True)
    cache.write_bytes(damage)
    corpus = read(repository.root, cache)
    assert set(corpus.view.current) == {"a.txt", "src/b.py"}
    assert set(read(repository.root, cache).view.current) == {"a.txt", "src/b.py"}


def test_a_cache_whose_pages_are_damaged_while_it_is_open_is_begun_again(
    repository: GitRepository, tmp_path: Path
) -> None:
    cache = tmp_path / "index.sqlite"
    reader = reader_of(repository.root, cache)
    reader.read(EVERYTHING)
    size = cache.stat().st_size
    with cache.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * max(size - 100, 4096))
    repository.write("a.txt", "after_word = 1\n")
    assert found(reader.read(Changed(everything=True)), "after_word") == ["a.txt"]


def test_a_cache_that_cannot_be_written_is_done_without(
    repository: GitRepository, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    assert len(read(repository.root, tmp_path / "file" / "index.sqlite").view) == 2


def test_two_processes_share_a_cache(repository: GitRepository, tmp_path: Path) -> None:
    for number in range(60):
        repository.write(f"many/{number}.py", f"def shared_{number}(): pass\n")
    cache = tmp_path / "index.sqlite"
    both = [_child(repository.root, cache) for _ in range(2)]
    said = [process.communicate(timeout=60)[1].split() for process in both]
    assert said == [[b"begun", b"62"]] * 2
    assert found(read(repository.root, cache), "shared_59") == ["many/59.py"]


def test_after_a_kill_in_the_middle_the_next_start_has_a_right_index(
    repository: GitRepository, tmp_path: Path
) -> None:
    for number in range(150):
        repository.write(f"many/{number}.py", f"def killed_{number}(): pass\n" * 20)
    cache = tmp_path / "index.sqlite"
    process = _child(repository.root, cache)
    assert process.stderr is not None
    process.stderr.readline()  # it has begun
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    corpus = read(repository.root, cache)
    assert len(corpus.view) == 152
    assert found(corpus, "killed_149") == ["many/149.py"]


_PROGRAM = """
import sys
from pathlib import Path
from orchestra.context.git.repository import Repository
from orchestra.context.index.cache import Cache
from orchestra.context.index.changes import Changed
from orchestra.context.index.reader import IndexReader
if __name__ == "__main__":
    reader = IndexReader(Repository.find(Path(sys.argv[1])), Cache(Path(sys.argv[2])))
    print("begun", file=sys.stderr, flush=True)
    files = len(reader.read(Changed(everything=True, head=True)).view)
    print(files, file=sys.stderr)
    reader.close()
"""


def _child(root: Path, cache: Path) -> "subprocess.Popen[bytes]":
    program = cache.with_name("child.py")
    program.write_text(_PROGRAM)
    return subprocess.Popen(
        [sys.executable, str(program), str(root), str(cache)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=child_environment(),
        start_new_session=True,
    )
