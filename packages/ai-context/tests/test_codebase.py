"""The topic `codebase_state` over real repositories and real saves."""

import asyncio
import contextlib
import os
from pathlib import Path

import pytest
from inline_snapshot import snapshot
from orchestra.context.collectors.codebase import CodebaseCollector, Pace
from orchestra.context.git.testing import GitRepository, follow
from orchestra.shared.errors import NotFound

pytestmark = pytest.mark.requirement("ctx.sources", "ctx.push")


async def test_first_observation_tells_all_of_a_quiet_repository(repository: GitRepository) -> None:
    async with follow(CodebaseCollector(repository.root)) as followed:
        value = await followed.value()
    commit = repository.git("rev-parse", "HEAD").decode().strip()
    at = repository.git("log", "-1", "--format=%cI").decode().strip()
    assert value == {
        "repository": "repository",
        "root": str(repository.root),
        "vcs": "git",
        "head": {
            "state": "branch",
            "commit": commit,
            "branch": "main",
            "subject": "first",
            "author": "Ada",
            "committed_at": at,
        },
        "upstream": None,
        "operation": None,
        "busy": False,
        "remotes": {},
        "recent": {commit: {"subject": "first", "author": "Ada", "at": at, "order": 1}},
        "counts": {
            "staged": 0,
            "modified": 0,
            "untracked": 0,
            "conflicted": 0,
            "deleted": 0,
            "total": 0,
        },
        "changes": {},
        "omitted": 0,
        "watch": {"mode": "inotify", "directories": 7, "degraded": None, "rescans": 0},
    }


async def test_each_save_is_a_new_observation_even_of_a_file_that_had_changed(
    repository: GitRepository,
) -> None:
    async with follow(CodebaseCollector(repository.root)) as followed:
        seen: set[str] = set()
        for number in range(3):
            target = repository.write("a.txt", f"{number}\n")
            os.utime(target, ns=(0, 1_700_000_000_000_000_000 + number * 1_000_000))
            value = await followed.value()
            seen.add(str(value["changes"]["a.txt"]["saved_at"]))  # type: ignore[index,call-overload]
        assert sorted(seen) == snapshot(
            ["2023-11-14T22:13:20.000Z", "2023-11-14T22:13:20.001Z", "2023-11-14T22:13:20.002Z"]
        )


async def test_every_kind_of_change_is_told(repository: GitRepository) -> None:
    repository.write("gone.txt")
    repository.write("staged-gone.txt")
    repository.write("mode.sh", "#!/bin/sh\n")
    repository.write("kind")
    repository.commit()
    async with follow(CodebaseCollector(repository.root)) as followed:
        repository.write("a.txt", "changed\n")
        repository.write("src/b.py", "b = 2\n")
        repository.git("add", "src/b.py")
        repository.write("src/b.py", "b = 3\n")
        (repository.root / "gone.txt").unlink()
        repository.git("rm", "--quiet", "--cached", "staged-gone.txt")
        (repository.root / "mode.sh").chmod(0o755)
        (repository.root / "kind").unlink()
        (repository.root / "kind").symlink_to("a.txt")
        repository.write("new/deep/er.txt")
        repository.write("added.txt")
        repository.git("add", "added.txt")
        repository.write("intended.txt")
        repository.git("add", "--intent-to-add", "intended.txt")
        assert await followed.changes() == snapshot(
            {
                "a.txt": ".M",
                "added.txt": "A.",
                "gone.txt": ".D",
                "intended.txt": ".A",
                "kind": ".T",
                "mode.sh": ".M",
                "new/deep/er.txt": ".?",
                "src/b.py": "MM",
                "staged-gone.txt": "D?",
            }
        )
        assert (await followed.value())["counts"] == snapshot(
            {
                "staged": 3,
                "modified": 5,
                "untracked": 2,
                "conflicted": 0,
                "deleted": 2,
                "total": 9,
            }
        )


async def test_commit_branch_and_upstream_are_followed(
    repository: GitRepository, tmp_path: Path
) -> None:
    repository.git("clone", "--quiet", "--bare", str(repository.root), str(tmp_path / "o.git"))
    repository.git("remote", "add", "origin", str(tmp_path / "o.git"))
    async with follow(CodebaseCollector(repository.root)) as followed:
        repository.git("fetch", "--quiet")
        repository.git("branch", "--quiet", "--set-upstream-to", "origin/main")
        repository.write("a.txt", "2\n")
        second = repository.commit("second")
        value = await followed.value()
        assert value["upstream"] == {"name": "origin/main", "ahead": 1, "behind": 0}
        assert value["remotes"] == {"origin": str(tmp_path / "o.git")}
        recent = value["recent"]
        assert isinstance(recent, dict)
        orders = {c["subject"]: c["order"] for c in recent.values()}  # type: ignore[index,call-overload]
        assert orders == {"first": 1, "second": 2}
        repository.git("checkout", "--quiet", "--detach")
        head = (await followed.value())["head"]
        assert isinstance(head, dict)
        assert (head["state"], head["commit"], head["branch"]) == ("detached", second, None)


@pytest.mark.parametrize("watch", ["watchfiles", "poll"])
async def test_other_ways_of_watching_settle_on_the_same(
    repository: GitRepository, watch: str
) -> None:
    async with follow(CodebaseCollector(repository.root, watch=watch)) as followed:  # type: ignore[arg-type]
        repository.write("a.txt", "2\n")
        repository.write("x/y/z.txt")
        assert await followed.changes() == {"a.txt": ".M", "x/y/z.txt": ".?"}
        repository.commit()
        assert await followed.changes() == {}
        assert followed.observations[-1].source == watch


async def test_poll_finds_changes_without_being_asked(repository: GitRepository) -> None:
    pace = Pace(reconcile=0.05, reconcile_lossy=0.05, effort=1.0)
    collector = CodebaseCollector(repository.root, watch="poll", pace=pace)
    async with follow(collector) as followed, asyncio.timeout(20):
        repository.write("a.txt", "2\n")
        while not followed.observations[-1].value["changes"]:  # type: ignore[index]
            await asyncio.sleep(0.01)


async def test_folders_beyond_the_watch_limit_are_read_from_time_to_time(
    repository: GitRepository,
) -> None:
    for number in range(20):
        repository.write(f"d{number}/e/f.txt")
    repository.commit()
    async with follow(CodebaseCollector(repository.root, limit=9)) as followed:
        repository.write("d19/e/f.txt", "2\n")
        repository.write("d3/new/g.txt")
        assert await followed.changes() == {"d19/e/f.txt": ".M", "d3/new/g.txt": ".?"}
        watch = (await followed.value())["watch"]
    assert isinstance(watch, dict)
    assert "fs.inotify.max_user_watches" in str(watch["degraded"])
    assert watch["directories"] == 9


async def test_writes_that_the_kernel_does_not_tell_are_found_by_reading_again(
    repository: GitRepository,
) -> None:
    target = repository.root / "a.txt"
    pace = Pace(reconcile=0.05, effort=1.0)
    async with follow(CodebaseCollector(repository.root, pace=pace)) as followed:
        with target.open("r+b", buffering=0) as file:  # no event comes before it is closed
            file.write(b"other")
            async with asyncio.timeout(20):
                while not followed.observations[-1].value["changes"]:  # type: ignore[index]
                    await asyncio.sleep(0.01)


async def test_while_git_holds_its_lock_nothing_is_told_and_a_lock_that_stays_is_busy(
    repository: GitRepository,
) -> None:
    pace = Pace(lock=0.3)
    async with follow(CodebaseCollector(repository.root, pace=pace)) as followed:
        told = len(followed.observations)
        lock = repository.write(".git/index.lock", "")
        repository.write("a.txt", "2\n")
        value = await followed.value()
        assert value["busy"] is True
        assert len(followed.observations) == told + 1
        lock.unlink()
        assert (await followed.value())["busy"] is False


async def test_new_ignore_rules_hide_and_show_files_and_their_folders(
    repository: GitRepository,
) -> None:
    async with follow(CodebaseCollector(repository.root)) as followed:
        repository.write("out/deep/a.o")
        assert "out/deep/a.o" in await followed.changes()
        repository.write(".gitignore", "out/\n")
        assert await followed.changes() == {".gitignore": ".?"}
        repository.write("out/deep/b.o")
        assert await followed.changes() == {".gitignore": ".?"}
        repository.write(".gitignore", "# nothing\n")
        assert set(await followed.changes()) == {".gitignore", "out/deep/a.o", "out/deep/b.o"}
        repository.write("out/deep/c.o")
        assert "out/deep/c.o" in await followed.changes()
        repository.write(".git/info/exclude", "*.o\n")
        assert await followed.changes() == {".gitignore": ".?"}


async def test_tracked_files_in_ignored_folders_are_followed_and_the_others_not(
    repository: GitRepository,
) -> None:
    repository.write(".gitignore", "node_modules/\n")
    repository.write("node_modules/kept/index.js")
    for number in range(30):
        repository.write(f"node_modules/other{number}/index.js")
    repository.git("add", "--force", "node_modules/kept")
    repository.commit()
    async with follow(CodebaseCollector(repository.root)) as followed:
        repository.write("node_modules/kept/index.js", "2\n")
        repository.write("node_modules/other1/index.js", "2\n")
        assert await followed.changes() == {"node_modules/kept/index.js": ".M"}
        watch = (await followed.value())["watch"]
        assert isinstance(watch, dict)
        assert watch["directories"] == 9
        repository.git("add", "--force", "node_modules/other2")
        await followed.changes()
        repository.write("node_modules/other2/index.js", "3\n")
        assert (await followed.changes())["node_modules/other2/index.js"] == "AM"


async def test_ten_thousand_changes_are_counted_and_the_first_thousand_shown(
    repository: GitRepository,
) -> None:
    for number in range(10_000):
        repository.write(f"many/d{number // 200}/f{number:05}.txt", "")
    async with follow(CodebaseCollector(repository.root)) as followed:
        value = await followed.value()
        changes = value["changes"]
        assert isinstance(changes, dict)
        assert (len(changes), value["omitted"]) == (1_000, 9_000)
        assert list(changes) == sorted(changes)
        repository.commit()
        assert await followed.changes() == {}


async def test_repository_that_goes_away_ends_the_run_with_a_hint(
    repository: GitRepository, tmp_path: Path
) -> None:
    async with follow(CodebaseCollector(repository.root)) as followed:
        repository.root.rename(tmp_path / "elsewhere")
        async with asyncio.timeout(20):
            await asyncio.wait([followed.running])
        error = followed.running.exception()
    assert isinstance(error, NotFound)
    assert "was moved or deleted" in error.message
    assert error.hint


async def test_storm_of_new_folders_is_told_whole(repository: GitRepository) -> None:
    def storm() -> None:
        for number in range(2_000):
            repository.write(f"s{number}/b/c/d.txt", "")

    async with follow(CodebaseCollector(repository.root)) as followed:
        await asyncio.to_thread(storm)
        counts = (await followed.value())["counts"]
        assert isinstance(counts, dict)
        assert counts["untracked"] == 2_000


async def test_the_end_of_a_run_leaves_no_process(repository: GitRepository) -> None:
    async with follow(CodebaseCollector(repository.root)) as followed:
        repository.write("new.txt")
        await followed.changes()
        assert _processes_in(repository.root)
    assert _processes_in(repository.root) == []


async def test_settling_needs_nothing_written_and_no_running_collector(
    repository: GitRepository,
) -> None:
    collector = CodebaseCollector(repository.root)
    await collector.settle()
    before = sorted(p.name for p in (repository.root / ".git").iterdir())
    async with follow(collector) as followed:
        for number in range(20):
            repository.write(f"f{number}")
            assert f"f{number}" in await followed.changes()
    assert sorted(p.name for p in (repository.root / ".git").iterdir()) == before


def _processes_in(folder: Path) -> list[str]:
    """The processes whose working directory is the folder."""
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            if link.readlink() == folder:
                found.append(link.parent.name)
    return found
