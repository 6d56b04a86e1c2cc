"""The code index follows the disk: each question is answered of the present state."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from orchestra.context import ContextEngine, ContextLog
from orchestra.context.collectors.codebase import CodebaseCollector
from orchestra.context.git.testing import GitRepository
from orchestra.context.index.code_index import CodeIndex
from orchestra.context.index.literal import places_of_names
from orchestra.context.index.parsing import PROGRAM
from orchestra.context.packs.desk import Desk
from orchestra.context.testing.crashing_parser import CRASH, ENDLESS, HOPELESS
from orchestra.context.testing.feed import engine_of
from orchestra.context.testing.memory import Notebook
from orchestra.shared.db import Database
from orchestra.shared.errors import Unavailable
from orchestra.shared.events import EventLog
from orchestra.vectors.embedders.hashing import HashingEmbedder

pytestmark = pytest.mark.requirement("ctx.index")


@dataclass(frozen=True)
class Live:
    """A running index over a followed repository."""

    engine: ContextEngine
    index: CodeIndex

    async def settled(self) -> None:
        async with asyncio.timeout(30):
            await self.engine.settle(within=30)
            await self.index.settle()

    async def find(self, name: str) -> list[str]:
        """The paths of the places of a name, with all that was saved before in it."""
        await self.settled()
        return sorted(place.path for place in places_of_names(await self.index.corpus(), name))


Start = Callable[..., contextlib.AbstractAsyncContextManager[Live]]


@pytest.fixture
def live(
    repository: GitRepository,
    context: ContextLog,
    events: EventLog,
    database: Database,
    tmp_path: Path,
) -> Start:
    @contextlib.asynccontextmanager
    async def start(
        cache: Path | None = None, most: int = 1000, parser: str = PROGRAM
    ) -> AsyncIterator[Live]:
        collector = CodebaseCollector(repository.root)
        engine = engine_of(context, events, database, collector)
        place = cache or tmp_path / "index.sqlite"
        index = CodeIndex(repository.root, context, place, most=most, parser=parser)
        await engine.start()
        await index.start()
        try:
            await index.corpus(patience=30)
            yield Live(engine, index)
        finally:
            await index.close()
            await engine.close()

    return start


async def test_a_save_a_new_file_a_deletion_and_a_rename_are_searched_at_once(
    repository: GitRepository, live: Start
) -> None:
    async with live() as system:
        repository.write("src/b.py", "def saved_word(): pass\n")
        assert await system.find("saved_word") == ["src/b.py"]
        repository.write("deep/er/new.py", "def new_word(): pass\n")
        assert await system.find("new_word") == ["deep/er/new.py"]
        (repository.root / "deep/er/new.py").rename(repository.root / "renamed.py")
        assert await system.find("new_word") == ["renamed.py"]
        (repository.root / "renamed.py").unlink()
        assert await system.find("new_word") == []
        repository.write("src/b.py", "def again_word(): pass\n")
        assert await system.find("saved_word") == []
        assert await system.find("again_word") == ["src/b.py"]


async def test_a_folder_that_is_moved_is_found_where_it_is(
    repository: GitRepository, live: Start
) -> None:
    repository.write("pkg/one.py", "def moved_word(): pass\n")
    repository.commit()
    async with live() as system:
        (repository.root / "pkg").rename(repository.root / "other")
        assert await system.find("moved_word") == ["other/one.py"]


async def test_a_commit_leaves_the_contents_and_adds_to_the_history(
    repository: GitRepository, live: Start
) -> None:
    async with live() as system:
        repository.write("src/b.py", "def dirty_word(): pass\n")
        assert await system.find("dirty_word") == ["src/b.py"]
        commit = repository.commit("make it clean")
        assert await system.find("dirty_word") == ["src/b.py"]
        corpus = await system.index.corpus()
        assert [c.subject for c in corpus.history.commits] == ["make it clean", "first"]
        assert system.index.state().commit == commit
        repository.write("src/b.py", "def dirty_word(): return 1  # later_word\n")
        assert await system.find("later_word") == ["src/b.py"]


async def test_a_switch_of_the_branch_is_a_switch_of_the_index(
    repository: GitRepository, live: Start
) -> None:
    repository.git("checkout", "--quiet", "-b", "other")
    for number in range(30):
        repository.write(f"other/{number}.py", f"def other_word_{number}(): pass\n")
    repository.write("src/b.py", "def there_word(): pass\n")
    repository.commit("other")
    repository.git("checkout", "--quiet", "main")
    async with live() as system:
        assert await system.find("there_word") == []
        repository.git("checkout", "--quiet", "other")
        assert await system.find("there_word") == ["src/b.py"]
        assert await system.find("other_word_29") == ["other/29.py"]
        repository.git("checkout", "--quiet", "main")
        assert await system.find("there_word") == []
        assert set((await system.index.corpus()).view.current) == {"a.txt", "src/b.py"}


async def test_a_file_that_comes_to_be_ignored_is_forgotten_and_comes_back(
    repository: GitRepository, live: Start
) -> None:
    repository.write("notes/x.md", "notes_word here\n")
    async with live() as system:
        assert await system.find("notes_word") == ["notes/x.md"]
        repository.write(".gitignore", "notes/\n")
        assert await system.find("notes_word") == []
        repository.write("notes/y.md", "notes_word there\n")
        assert await system.find("notes_word") == []
        (repository.root / ".gitignore").unlink()
        assert await system.find("notes_word") == ["notes/x.md", "notes/y.md"]


async def test_the_cache_may_be_deleted_while_questions_are_asked(
    repository: GitRepository, live: Start, tmp_path: Path
) -> None:
    cache = tmp_path / "cache" / "index.sqlite"
    async with live(cache) as system:
        for number in range(5):
            asked = [asyncio.create_task(system.find("saved_word")) for _ in range(4)]
            for suffix in ("", "-wal", "-shm"):
                cache.with_name(cache.name + suffix).unlink(missing_ok=True)
            repository.write("src/b.py", f"def saved_word(): return {number}\n")
            await asyncio.gather(*asked)
            assert await system.find("saved_word") == ["src/b.py"]
    async with live(cache) as system:
        assert await system.find("saved_word") == ["src/b.py"]


async def test_files_beyond_the_most_are_said(
    repository: GitRepository,
    live: Start,
    context: ContextLog,
    database: Database,
    events: EventLog,
) -> None:
    for number in range(10):
        repository.write(f"many/{number}.py", f"def many_word_{number}(): pass\n")
    async with live(most=4) as system:
        assert await system.find("many_word_0") == ["many/0.py"]
        assert await system.find("many_word_9") == []
        state = system.index.state()
        assert (state.files, state.omitted) == (4, 8)
        notes = Notebook(database, events, HashingEmbedder()).memory
        answer = await Desk(system.index, context, notes, str).search("many_word_0")
        assert answer.notes == ("8 files are not searched: the index holds 4, the first by path",)


async def test_what_cannot_be_read_is_said_and_read_once_it_can(
    repository: GitRepository, context: ContextLog, tmp_path: Path
) -> None:
    head = repository.root / ".git" / "HEAD"
    good = head.read_text()
    head.write_text("rubbish\n")
    index = CodeIndex(repository.root, context, None)
    await index.start()
    try:
        with pytest.raises(Unavailable, match="not ready"):
            await index.corpus(patience=0.5)
        assert not index.state().ready
        head.write_text(good)
        assert len((await index.corpus(patience=30)).view) == 2
    finally:
        await index.close()


async def test_a_file_that_crashes_a_grammar_is_read_as_text_and_remembered(
    repository: GitRepository, live: Start, tmp_path: Path
) -> None:
    for number in range(300):
        repository.write(f"many/{number}.py", f"def many_word_{number}(): pass\n")
    repository.write("bad/crash.py", f"def crash_word(): '{CRASH}'\n")
    repository.write("bad/endless.py", f"def endless_word(): '{ENDLESS}'\n")
    repository.write("bad/hopeless.py", f"def hopeless_word(): '{HOPELESS}'\n")
    async with live(parser="orchestra.context.testing.crashing_parser") as system:
        assert await system.find("many_word_299") == ["many/299.py"]
        assert await system.find("crash_word") == ["bad/crash.py"]
        assert await system.find("endless_word") == ["bad/endless.py"]
        assert await system.find("hopeless_word") == []
        assert (system.index.state().files, system.index.state().broken) == (305, 3)
        repository.write("bad/saved.py", f"def saved_word(): '{CRASH} again'\n")
        assert await system.find("saved_word") == ["bad/saved.py"]
        repository.write("src/b.py", "def good_word(): pass\n")
        assert await system.find("good_word") == ["src/b.py"]
        assert system.index.state().broken == 4
        repository.write("bad/saved.py", "def mended_word(): pass\n")
        assert await system.find("mended_word") == ["bad/saved.py"]
        assert system.index.state().broken == 3
    async with live(parser="no.such.module") as system:  # all is in the cache
        assert await system.find("crash_word") == ["bad/crash.py"]
        assert system.index.state().broken == 3


async def test_parsers_that_do_not_start_are_said(
    repository: GitRepository, context: ContextLog
) -> None:
    index = CodeIndex(repository.root, context, None, parser="no.such.module")
    await index.start()
    try:
        async with asyncio.timeout(30):
            while index.state().problem is None:
                await asyncio.sleep(0)
        with pytest.raises(Unavailable, match="does not start"):
            await index.corpus(patience=0)
    finally:
        await index.close()
