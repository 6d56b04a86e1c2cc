"""A repository that wants to run something when it is looked at runs nothing."""

import os
from pathlib import Path

import pytest
from orchestra.context.collectors.codebase import CodebaseCollector
from orchestra.context.git.command import Git
from orchestra.context.git.ignore import IgnoreRules
from orchestra.context.git.remotes import strip_credentials
from orchestra.context.git.repository import Repository
from orchestra.context.git.safety import filter_names
from orchestra.context.git.testing import GitRepository, follow
from orchestra.shared.errors import Invalid, Unavailable

pytestmark = pytest.mark.requirement("ctx.sources")

_HOOKS = (
    "post-index-change",
    "fsmonitor-watchman",
    "post-checkout",
    "pre-commit",
    "reference-transaction",
)
_COMMANDS = (
    "core.fsmonitor",
    "core.sshCommand",
    "core.pager",
    "pager.status",
    "pager.log",
    "core.editor",
    "core.alternateRefsCommand",
    "diff.external",
    "diff.evil.textconv",
    "diff.evil.command",
    "filter.evil.clean",
    "filter.evil.smudge",
    "filter.evil.process",
    "filter.e=v.il.clean",
    "gpg.program",
    "gpg.ssh.program",
    "credential.helper",
    "uploadpack.packObjectsHook",
    "lfs.extension.evil.clean",
    "remote.origin.uploadpack",
)


def _plant(repository: GitRepository, canary: Path) -> None:
    script = repository.write(".git/evil.sh", f'#!/bin/sh\necho "$0 $@" >> {canary}\ncat\n')
    script.chmod(0o755)
    for name in _HOOKS:
        hook = repository.write(f".git/hooks/{name}", f"#!/bin/sh\necho {name} >> {canary}\n")
        hook.chmod(0o755)
    for name in _COMMANDS:
        repository.git("config", name, str(script))
    settings = {
        "alias.status": f"!{script}",
        "filter.evil.required": "true",
        "log.showSignature": "true",
        "protocol.allow": "always",
        "protocol.ext.allow": "always",
        "remote.origin.url": f"ext::{script}",
        "remote.origin.promisor": "true",
        "extensions.partialClone": "origin",
        "core.untrackedCache": "true",
    }
    repository.write(".gitattributes", "*.txt filter=evil diff=evil\n*.dat filter=e=v.il\n")
    for name, value in settings.items():
        repository.git("config", name, value)


@pytest.mark.parametrize("watch", ["inotify", "poll"])
async def test_nothing_of_a_hostile_repository_is_executed(
    repository: GitRepository, tmp_path: Path, watch: str
) -> None:
    canary = tmp_path / "canary"
    _plant(repository, canary)
    canary.unlink(missing_ok=True)
    repository.write("a.txt", "changed before\n")
    (repository.root / "src/b.py").touch()
    async with follow(CodebaseCollector(repository.root, watch=watch)) as followed:  # type: ignore[arg-type]
        repository.write("a.txt", "changed after\n")
        repository.write("new.txt")
        repository.write(".gitignore", "*.log\n")
        (repository.root / ".git/config").touch()
        changes = await followed.changes()
    assert changes == {
        ".gitattributes": ".?",
        ".gitignore": ".?",
        "a.txt": ".M",
        "new.txt": ".?",
    }
    assert not canary.exists()


async def test_a_filter_planted_while_it_is_followed_is_not_executed(
    repository: GitRepository, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    async with follow(CodebaseCollector(repository.root)) as followed:
        config = repository.root / ".git/config"
        config.write_text(
            f"{config.read_text()}[filter \"evil\"]\n\tclean = sh -c 'echo x >> {canary}; cat'\n"
        )
        repository.write(".gitattributes", "*.txt filter=evil\n")
        repository.write("a.txt", "changed\n")
        assert await followed.changes() == {".gitattributes": ".?", "a.txt": ".M"}
    assert not canary.exists()


def test_the_planted_commands_do_run_without_protection(
    repository: GitRepository, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    _plant(repository, canary)
    repository.write("a.txt", "changed\n")
    repository.git("status", check=False)
    assert canary.exists()


async def test_a_missing_object_is_not_fetched(repository: GitRepository, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    _plant(repository, canary)
    canary.unlink(missing_ok=True)
    tree = repository.git("rev-parse", "HEAD^{tree}").decode().strip()
    (repository.root / ".git/objects" / tree[:2] / tree[2:]).unlink()
    with pytest.raises(Unavailable) as caught:
        async with follow(CodebaseCollector(repository.root)):
            pass
    assert caught.value.hint
    assert not canary.exists()


def test_a_working_tree_that_the_configuration_puts_elsewhere_is_refused(
    repository: GitRepository, tmp_path: Path
) -> None:
    for elsewhere in (tmp_path, Path("/"), Path("/usr")):
        repository.git("config", "core.worktree", str(elsewhere))
        with pytest.raises(Invalid, match="names another working tree") as caught:
            Repository.find(repository.root)
        assert "core.worktree" in caught.value.hint


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
async def test_a_repository_of_another_owner_is_served(repository: GitRepository) -> None:
    for path in (repository.root, *repository.root.rglob("*")):
        os.chown(path, 12345, 12345)
    assert repository.git("status", check=False) == b""  # git itself refuses
    async with follow(CodebaseCollector(repository.root)) as followed:
        repository.write("a.txt", "2\n")
        assert await followed.changes() == {"a.txt": ".M"}


def test_rules_that_never_end_are_given_up(repository: GitRepository) -> None:
    os.mkfifo(repository.root / ".gitignore")
    rules = IgnoreRules(Git(repository.root), patience=0.05)
    assert rules.ignored([b"x", b"y"]) == [None, None]
    assert rules.wanted([b"d"]) == [True]
    rules.close()


def test_filters_are_found_whatever_their_names() -> None:
    listing = b"core.bare\nfalse\0filter.a.b=c.clean\nx\0filter.n\xff.process\ny\0filter.lone\0"
    assert filter_names(listing) == ["a.b=c", "n\udcff"]


@pytest.mark.requirement("ctx.redaction")
@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:pass@example.org/a.git", "https://example.org/a.git"),
        ("https://ghp_token@example.org/a.git", "https://example.org/a.git"),
        ("https://a@b:c@example.org/a", "https://example.org/a"),
        ("https://example.org/a.git?token=x#y", "https://example.org/a.git"),
        ("ssh://git@example.org:22/a.git", "ssh://git@example.org:22/a.git"),
        ("ssh://git:pass@example.org/a.git", "ssh://example.org/a.git"),
        ("git@example.org:a/b.git", "git@example.org:a/b.git"),
        ("user:pass@example.org:a/b.git", "user@example.org:a/b.git"),
        ("/some/folder", "/some/folder"),
    ],
)
def test_credentials_in_remote_urls_are_not_shown(url: str, shown: str) -> None:
    assert strip_credentials(url) == shown
