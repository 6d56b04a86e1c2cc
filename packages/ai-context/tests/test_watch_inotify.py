"""The inotify watcher loses nothing, however fast and however much is written."""

import asyncio
import contextlib
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from orchestra.context.watch import Batch, Mailbox, Places
from orchestra.context.watch.tree import InotifyWatcher

pytestmark = [
    pytest.mark.requirement("ctx.push"),
    pytest.mark.skipif(sys.platform != "linux", reason="inotify is part of Linux"),
]


class Everything:
    """Rules that want every folder, and can keep the watching thread waiting."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.open.set()

    def wanted(self, folders: Sequence[bytes]) -> list[bool]:
        self.open.wait()
        return [not folder.endswith(b"ignored") for folder in folders]


class Watched:
    """A started watcher and all that it has told."""

    def __init__(self, root: Path, limit: int | None = None) -> None:
        git = root.parent / "git"
        git.mkdir()
        self.root = root
        self.rules = Everything()
        self.mailbox = Mailbox()
        self.watcher = InotifyWatcher(Places(root, git, git), self.rules, self.mailbox, limit=limit)

    async def told(self) -> Batch:
        """All that has happened until now and was not told before."""
        self.watcher.barrier(1)
        told = Batch()
        async with asyncio.timeout(60):
            while 1 not in told.barriers:
                await self.mailbox.wait(60)
                told.merge(self.mailbox.take())
        return told


@contextlib.asynccontextmanager
async def watch(tmp_path: Path, limit: int | None = None) -> AsyncIterator[Watched]:
    root = tmp_path / "tree"
    root.mkdir(exist_ok=True)
    watched = Watched(root, limit)
    watched.watcher.start()
    try:
        assert (await watched.told()).rescan == "started"
        yield watched
    finally:
        watched.rules.open.set()
        watched.watcher.stop()


async def test_storm_of_deep_new_folders_loses_no_file(tmp_path: Path) -> None:
    def storm() -> set[bytes]:
        made = set()
        for number in range(2_000):
            folder = watched.root / f"s{number}/b/c/d"
            folder.mkdir(parents=True)
            (folder / "f.txt").write_text("x")
            made.add(f"s{number}/b/c/d/f.txt".encode())
        return made

    async with watch(tmp_path) as watched:
        made = await asyncio.to_thread(storm)
        told = await watched.told()
        assert (told.rescan, made - told.paths) == (None, set())
        assert watched.watcher.state().folders == 1 + 1 + 4 * 2_000


async def test_overflow_of_the_kernels_queue_is_told_and_what_follows_is_seen(
    tmp_path: Path,
) -> None:
    def flood() -> None:
        watched.rules.open.clear()
        (watched.root / "stall").mkdir()  # the thread now waits for the rules
        for number in range(12_000):
            (watched.root / f"f{number}").touch()
        for number in range(20):
            (watched.root / f"deep{number}/x/y").mkdir(parents=True)
        watched.rules.open.set()

    async with watch(tmp_path) as watched:
        await asyncio.to_thread(flood)
        assert (await watched.told()).rescan == "the kernel's queue overflowed"
        assert watched.watcher.state().rescans == 1
        (watched.root / "deep7/x/y/z").write_text("x")
        assert b"deep7/x/y/z" in (await watched.told()).paths


async def test_renamed_and_replaced_folders_are_told_by_their_new_names(tmp_path: Path) -> None:
    async with watch(tmp_path) as watched:
        (watched.root / "a/b").mkdir(parents=True)
        (watched.root / "a/b/f").touch()
        await watched.told()
        (watched.root / "a").rename(watched.root / "z")
        (watched.root / "a/b").mkdir(parents=True)
        told = await watched.told()
        assert (b"a" in told.folders, b"z/b/f" in told.paths) == (True, True)
        (watched.root / "z/b/g").touch()
        (watched.root / "a/b/g").touch()
        assert {b"z/b/g", b"a/b/g"} <= (await watched.told()).paths
        (watched.root / "z").rename(tmp_path / "outside")
        (tmp_path / "outside/b/h").touch()
        told = await watched.told()
        assert (b"z" in told.folders, b"z/b/h" in told.paths) == (True, False)


async def test_unwanted_folders_are_not_watched(tmp_path: Path) -> None:
    async with watch(tmp_path) as watched:
        (watched.root / "ignored/deep").mkdir(parents=True)
        (watched.root / "ignored/deep/f").touch()
        told = await watched.told()
        assert (told.paths, watched.watcher.state().folders) == ({b"ignored"}, 2)


async def test_reaching_the_limit_is_told_and_files_that_come_with_a_new_folder_still_are(
    tmp_path: Path,
) -> None:
    async with watch(tmp_path, limit=3) as watched:
        for name in ("a", "b"):  # moved in whole: past the limit, a folder is looked at only once
            (tmp_path / name).mkdir()
            (tmp_path / name / "f").touch()
            (tmp_path / name).rename(watched.root / name)
        told = await watched.told()
        assert {b"a/f", b"b/f"} <= told.paths
        state = watched.watcher.state()
        assert (state.folders, state.lossy) == (3, True)
        assert "only 3 folders can be watched" in (state.degraded or "")


async def test_more_changes_than_the_mailbox_names_become_one_rescan() -> None:
    mailbox = Mailbox()
    for number in range(30_000):
        mailbox.put(Batch(paths={b"%d" % number}))
    mailbox.put(Batch(barriers=[7]))
    batch = mailbox.take()
    assert (len(batch.paths), batch.barriers) == (0, [7])
    assert batch.rescan == "more than 20000 changes at once"
    assert not mailbox.take()


async def test_files_of_gits_folder_are_told_by_name(tmp_path: Path) -> None:
    async with watch(tmp_path) as watched:
        git = tmp_path / "git"
        for name in ("HEAD", "index", "index.lock", "COMMIT_EDITMSG", "HEAD.lock"):
            (git / name).touch()
        (git / "refs/heads/feature").mkdir(parents=True)
        (git / "info").mkdir()
        told = await watched.told()
        assert {"HEAD", "index", "index.lock", "refs", "info/exclude"} <= told.meta
        assert told.meta.isdisjoint({"COMMIT_EDITMSG", "HEAD.lock"})
        (git / "refs/heads/feature/x").touch()
        assert (await watched.told()).meta == {"refs"}
