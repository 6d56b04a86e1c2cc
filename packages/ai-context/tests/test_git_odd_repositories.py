"""Repositories of every odd kind are shown rightly or refused with a hint."""

import ctypes
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from orchestra.context.collectors.codebase import CodebaseCollector
from orchestra.context.git.testing import GitRepository, follow
from orchestra.shared.errors import Invalid, NotFound, OrchestraError, Unavailable
from orchestra.shared.json import JsonObject
from orchestra.shared.settings import child_environment

pytestmark = pytest.mark.requirement("ctx.sources")


def _head(value: JsonObject) -> tuple[object, ...]:
    head = value["head"]
    assert isinstance(head, dict)
    return head["state"], head["branch"], head["commit"] is not None


async def _refusal(path: Path) -> OrchestraError:
    with pytest.raises(OrchestraError) as caught:
        async with follow(CodebaseCollector(path)):
            pass
    assert caught.value.hint
    return caught.value


async def test_empty_repository_gets_its_first_commit(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "empty")
    async with follow(CodebaseCollector(repository.root)) as followed:
        assert _head(await followed.value()) == ("unborn", "main", False)
        repository.write("a.txt")
        assert await followed.changes() == {"a.txt": ".?"}
        repository.git("add", "a.txt")
        assert await followed.changes() == {"a.txt": "A."}
        repository.commit()
        assert await followed.changes() == {}
        assert _head(await followed.value()) == ("branch", "main", True)


async def test_bare_repository_has_commits_and_no_changes(
    repository: GitRepository, tmp_path: Path
) -> None:
    bare = GitRepository.create(tmp_path / "project.git", "--bare")
    async with follow(CodebaseCollector(bare.root)) as followed:
        assert _head(await followed.value()) == ("unborn", "main", False)
        repository.git("push", "--quiet", str(bare.root), "HEAD:main")
        value = await followed.value()
    assert _head(value) == ("branch", "main", True)
    assert (value["repository"], value["root"]) == ("project", str(bare.root))
    assert value["changes"] == {}


async def test_sha256_repository_is_followed(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "long", "--object-format=sha256")
    repository.write("a.txt")
    repository.commit()
    async with follow(CodebaseCollector(repository.root)) as followed:
        target = repository.write("a.txt", "2\n")
        assert await followed.changes() == {"a.txt": ".M"}
        target.write_text("text\n")
        assert await followed.changes() == {}


@pytest.mark.parametrize("content", ["garbage\n", ""])
async def test_head_that_git_does_not_recognise_is_refused(
    repository: GitRepository, content: str
) -> None:
    repository.write(".git/HEAD", content)
    refusal = await _refusal(repository.root)
    assert isinstance(refusal, Invalid)
    assert "git symbolic-ref" in refusal.hint


async def test_a_configuration_that_git_cannot_read_is_refused_in_its_own_words(
    repository: GitRepository, tmp_path: Path
) -> None:
    bare = GitRepository.create(tmp_path / "bare.git", "--bare")
    for config, root in ((".git/config", repository.root), ("config", bare.root)):
        (root / config).write_text("[core]\n\tbare = false\n[oops\n")
        refusal = await _refusal(root)
        assert isinstance(refusal, Invalid)
        assert "bad config line 3" in refusal.message
        assert "HEAD" not in str(refusal)


@pytest.mark.parametrize("content", ["1" * 40, "garbage"])
async def test_head_that_names_nothing_readable_is_told_and_mending_it_is_seen(
    repository: GitRepository, content: str
) -> None:
    good = repository.git("rev-parse", "HEAD").decode()
    async with follow(CodebaseCollector(repository.root)) as followed:
        repository.write(".git/refs/heads/main", f"{content}\n")
        assert _head(await followed.value())[::2] == ("broken", False)
        broken = followed.observations[-1]
        assert (broken.status, "hint:" in (broken.detail or "")) == ("unavailable", True)
        repository.write("a.txt", "2\n")
        repository.write(".git/refs/heads/main", good)
        assert _head(await followed.value()) == ("branch", "main", True)
        assert await followed.changes() == {"a.txt": ".M"}
        assert followed.observations[-1].status == "ok"


async def test_submodule_is_followed_by_its_commit_alone(
    repository: GitRepository, tmp_path: Path
) -> None:
    part = GitRepository.create(tmp_path / "part")
    part.write("p.txt")
    part.commit()
    repository.git("submodule", "--quiet", "add", str(part.root), "lib/part")
    commit = repository.commit("with a part")
    inner = GitRepository(repository.root / "lib/part")
    async with follow(CodebaseCollector(repository.root)) as followed:
        value = await followed.value()
        at = inner.git("rev-parse", "HEAD").decode().strip()
        assert value["submodules"] == {"lib/part": {"commit": at, "state": "at-commit"}}
        inner.write("p.txt", "2\n")
        assert await followed.changes() == {}
        value = await followed.value()
        assert value["submodules"] == {"lib/part": {"commit": at, "state": "at-commit"}}
        inner.commit("in the part")
        assert await followed.changes() == {"lib/part": ".M"}
        value = await followed.value()
        assert value["submodules"] == {"lib/part": {"commit": at, "state": "changed"}}
    async with follow(CodebaseCollector(inner.root)) as followed:
        assert (await followed.value())["root"] == str(inner.root)
        inner.write("new.txt")
        assert await followed.changes() == {"new.txt": ".?"}
    assert commit


async def test_linked_worktree_sees_its_own_files_and_the_shared_branches(
    repository: GitRepository, tmp_path: Path
) -> None:
    repository.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    side = GitRepository(tmp_path / "side")
    async with follow(CodebaseCollector(side.root)) as followed:
        assert _head(await followed.value()) == ("branch", "side", True)
        side.write("a.txt", "2\n")
        repository.write("a.txt", "3\n")
        repository.write("other.txt")
        assert await followed.changes() == {"a.txt": ".M"}
        commit = side.commit("on the side")
        head = (await followed.value())["head"]
        assert isinstance(head, dict)
        assert head["commit"] == commit
        side.write("src/b.py", "b = 5\n")
        side.git("add", "src/b.py")
        assert await followed.changes() == {"src/b.py": "M."}


async def test_worktrees_and_repositories_inside_it_are_one_entry_each(
    repository: GitRepository,
) -> None:
    async with follow(CodebaseCollector(repository.root)) as followed:
        inner = GitRepository.create(repository.root / "inner")
        inner.write("deep/x.txt")
        repository.git("worktree", "add", "--quiet", "-b", "side", "trees/side")
        assert await followed.changes() == {"inner/": ".?", "trees/side/": ".?"}
        shutil.rmtree(inner.root / ".git")
        assert await followed.changes() == {"inner/deep/x.txt": ".?", "trees/side/": ".?"}
        inner.write("deep/y.txt")
        repository.git("worktree", "remove", "--force", "trees/side")
        assert set(await followed.changes()) == {"inner/deep/x.txt", "inner/deep/y.txt"}


async def test_merge_and_rebase_that_stopped_are_told_with_their_conflicts(
    repository: GitRepository,
) -> None:
    repository.git("checkout", "--quiet", "-b", "other")
    repository.write("a.txt", "theirs\n")
    repository.commit("theirs")
    repository.git("checkout", "--quiet", "main")
    repository.write("a.txt", "ours\n")
    repository.commit("ours")
    async with follow(CodebaseCollector(repository.root)) as followed:
        repository.git("merge", "--quiet", "other", check=False)
        value = await followed.value()
        assert (value["operation"], await followed.changes()) == ("merge", {"a.txt": "UU"})
        assert isinstance(value["counts"], dict)
        assert value["counts"]["conflicted"] == 1
        repository.write("a.txt", "both\n")
        repository.git("add", "a.txt")
        assert await followed.changes() == {"a.txt": "M."}
        repository.git("merge", "--abort")
        repository.git("rebase", "--quiet", "other", check=False)
        value = await followed.value()
        assert (value["operation"], await followed.changes()) == ("rebase", {"a.txt": "UU"})
        repository.git("rebase", "--abort")
        value = await followed.value()
        assert (value["operation"], value["changes"]) == (None, {})


async def test_names_with_newlines_backslashes_and_other_bytes_are_shown_unambiguously(
    repository: GitRepository,
) -> None:
    names = (b"new\nline", b"\xff\xfe", b"back\\slash", "\u202eö".encode(), b":(glob)*", b"-n")
    async with follow(CodebaseCollector(repository.root)) as followed:
        for name in names:
            (repository.root / os.fsdecode(name)).write_text("x")
        shown = {r"\xff\xfe", r"new\x0aline", r"back\\slash", r"\xe2\x80\xaeö", ":(glob)*", "-n"}
        assert set(await followed.changes()) == shown
        repository.commit()
        for name in names:
            (repository.root / os.fsdecode(name)).write_text("y")
        assert await followed.changes() == dict.fromkeys(sorted(shown), ".M")


async def test_unreadable_files_and_folders_are_no_error(repository: GitRepository) -> None:
    repository.write("closed/c.txt")
    repository.commit()
    closed, unreadable = repository.root / "closed", repository.root / "a.txt"
    closed.chmod(0)
    unreadable.chmod(0)
    try:
        if os.access(closed, os.R_OK):
            pytest.skip("this user may read everything")
        async with follow(CodebaseCollector(repository.root)) as followed:
            repository.write("new.txt")
            (repository.root / "src").chmod(0)
            assert "new.txt" in await followed.changes()
            (repository.root / "src").chmod(0o755)
            closed.chmod(0o755)
            unreadable.chmod(0o644)
            repository.write("closed/d.txt")
            assert await followed.changes() == {"closed/d.txt": ".?", "new.txt": ".?"}
    finally:
        closed.chmod(0o755)


_ORDINARY = """
import asyncio, json, os, pathlib, sys
from orchestra.context.collectors.codebase import CodebaseCollector
from orchestra.context.git.testing import follow

async def main(root):
    said = []
    async with follow(CodebaseCollector(root, watch="inotify")) as followed:
        for change in (lambda: None, lambda: os.chmod(root / "closed", 0o755),
                       lambda: os.chmod(root / "closed/deep", 0),
                       lambda: os.rmdir(root / "closed/deep")):
            change()
            said.append((await followed.value())["watch"]["degraded"])
    print(json.dumps(said))

root = pathlib.Path(sys.argv[1])
print("null") if os.access(root / "closed", os.R_OK) else asyncio.run(main(root))
"""


def _no_more_than_others() -> None:
    """Root without its right to read everything: CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH."""
    for capability in (1, 2):
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


@pytest.mark.skipif(sys.platform != "linux", reason="inotify is part of Linux")
def test_a_folder_that_cannot_be_read_is_told_for_as_long_as_it_is_so(
    repository: GitRepository,
) -> None:
    repository.write("closed/c.txt")
    repository.commit()
    (repository.root / "closed/deep").mkdir()
    (repository.root / "closed").chmod(0)
    try:
        done = subprocess.run(
            [sys.executable, "-c", _ORDINARY, repository.root],
            preexec_fn=_no_more_than_others if os.geteuid() == 0 else None,
            capture_output=True,
            text=True,
            env=child_environment(),
            timeout=60,
            check=True,
        )
    finally:
        (repository.root / "closed").chmod(0o755)
    said = json.loads(done.stdout)
    if said is None:
        pytest.skip("this user may read everything")

    assert "`closed` cannot be read" in said[0]
    assert said[1] is None
    assert "`closed/deep` cannot be read" in said[2]
    assert said[3] is None


async def test_special_files_are_nothing(repository: GitRepository) -> None:
    async with follow(CodebaseCollector(repository.root)) as followed:
        os.mkfifo(repository.root / "pipe")
        (repository.root / "a.txt").unlink()
        os.mkfifo(repository.root / "a.txt")
        assert await followed.changes() == {"a.txt": ".M"}  # as git has it


async def test_line_ends_that_git_converts_are_no_change(repository: GitRepository) -> None:
    repository.write(".gitattributes", "*.txt text=auto\n")
    repository.write("a.txt", "line\r\n")
    repository.commit()
    assert repository.git("cat-file", "blob", "HEAD:a.txt") == b"line\n"
    async with follow(CodebaseCollector(repository.root)) as followed:
        repository.write("a.txt", "lime\r\n")
        assert await followed.changes() == {"a.txt": ".M"}
        repository.write("a.txt", "line\r\n")
        assert await followed.changes() == {}


async def test_what_is_no_repository_is_refused(tmp_path: Path) -> None:
    assert "is not inside a git repository" in (await _refusal(tmp_path)).message
    assert "there is no folder" in (await _refusal(tmp_path / "nowhere")).message
    repository = GitRepository.create(tmp_path / "r")
    assert isinstance(await _refusal(repository.root / ".git"), Invalid)
    (tmp_path / "file").write_text("x")
    assert isinstance(await _refusal(tmp_path / "file"), NotFound)


async def test_machine_without_git_is_told_so(
    repository: GitRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    refusal = await _refusal(repository.root)
    assert isinstance(refusal, Unavailable)
    assert refusal.message == "the program `git` was not found"
