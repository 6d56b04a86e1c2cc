"""Whatever is done to a repository, what is told after it is what `git status` says."""

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from orchestra.context.collectors.codebase import CodebaseCollector
from orchestra.context.git.names import show_path
from orchestra.context.git.status import parse_status
from orchestra.context.git.testing import Followed, GitRepository, follow

_FOLDERS = ("", "d/", "d/e/", "ignored/", "x y/")
_NAMES = ("a", "b.o", "é", "c\nd", ":(top)x")
_paths = st.builds(str.__add__, st.sampled_from(_FOLDERS), st.sampled_from(_NAMES))
_folders = st.sampled_from(("d", "d/e", "ignored", "x y", "moved"))
_operations = st.one_of(
    st.tuples(st.just("write"), _paths, st.sampled_from(("1\n", "2\r\n", "2\n", ""))),
    st.tuples(st.just("delete"), _paths),
    st.tuples(st.just("rename"), _paths, _paths),
    st.tuples(st.just("move folder"), _folders, _folders),
    st.tuples(st.just("delete folder"), _folders),
    st.tuples(st.just("chmod"), _paths, st.sampled_from((0o644, 0o755))),
    st.tuples(st.just("symlink"), _paths, _folders),
    st.tuples(st.just("file for folder"), _folders),
    st.tuples(st.just("nested"), _folders),
    st.tuples(st.just("rules"), st.sampled_from(("ignored/\n*.o\n", "*.o\n!d/b.o\n", ""))),
    st.tuples(st.just("attributes"), st.sampled_from(("* text=auto\n", ""))),
    st.tuples(
        st.just("git"),
        st.sampled_from(
            (
                "add --all",
                "add --intent-to-add .",
                "update-index --chmod=+x a",
                "update-index --skip-worktree a",
                "update-index --no-skip-worktree a",
                "rm -r --quiet --cached d",
                "mv d moved",
                "config core.autocrlf true",
                "config core.autocrlf false",
                "add --force --all",
                "commit --quiet --allow-empty --message m",
                "stash --quiet --include-untracked",
                "stash pop --quiet",
                "checkout --quiet --force -B other",
                "checkout --quiet --force main",
                "reset --quiet --hard HEAD~1",
                "reset --quiet HEAD~1",
                "merge --quiet --no-edit other",
                "merge --abort",
                "clean --quiet --force -d",
            )
        ),
    ),
    st.just(("look",)),
)


def _apply(repository: GitRepository, operation: tuple[str | int, ...]) -> None:
    kind, *arguments = operation
    first, second = (*map(str, arguments), "", "")[:2]
    path, other = repository.root / first, repository.root / second

    def rename() -> None:
        other.parent.mkdir(parents=True, exist_ok=True)
        path.rename(other)

    def replace_by_file() -> None:
        shutil.rmtree(path)
        path.write_text("file\n")

    actions: dict[str | int, Callable[[], object]] = {
        "write": lambda: repository.write(first, second),
        "delete": path.unlink,
        "rename": rename,
        "move folder": rename,
        "delete folder": lambda: shutil.rmtree(path),
        "chmod": lambda: path.chmod(int(second)),
        "symlink": lambda: path.symlink_to(second),
        "file for folder": replace_by_file,
        "nested": lambda: GitRepository.create(path),
        "rules": lambda: repository.write(".gitignore", first),
        "attributes": lambda: repository.write(".gitattributes", first),
        "git": lambda: repository.git(*first.split(), check=False),
    }
    actions[kind]()


def _oracle(repository: GitRepository) -> dict[str, str]:
    output = repository.git(
        "status", "--porcelain=v2", "-z", "-uall", "--ignore-submodules=dirty", "--no-renames"
    )
    found = parse_status(output)
    return {show_path(path): f"{s.index}{s.worktree}" for path, s in sorted(found.items())}


async def _live(repository: GitRepository, operations: list[tuple[str | int, ...]]) -> None:
    async with follow(CodebaseCollector(repository.root)) as followed:
        for operation in operations:
            if operation[0] == "look":
                await _compare(repository, followed)
                continue
            try:
                await asyncio.to_thread(_apply, repository, operation)
            except (OSError, subprocess.CalledProcessError):
                continue  # not possible at this point of the story
        await _compare(repository, followed)


async def _compare(repository: GitRepository, followed: Followed) -> None:
    assert await followed.changes() == _oracle(repository)


@pytest.mark.requirement("ctx.push")
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(operations=st.lists(_operations, min_size=4, max_size=25))
def test_what_is_told_is_what_git_status_says(operations: list[tuple[str | int, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        repository = GitRepository.create(Path(folder) / "repository")
        for path in ("a", "d/a", "d/e/a", "x y/é"):
            repository.write(path)
        repository.commit()
        asyncio.run(_live(repository, operations))
