"""Keeps everything that is known of one repository current, from batches of reported changes."""

import os
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import Path

from orchestra.context.git.head import read_head, read_operation
from orchestra.context.git.ignore import IgnoreRules
from orchestra.context.git.names import show_path
from orchestra.context.git.remotes import read_remotes
from orchestra.context.git.repository import Repository
from orchestra.context.git.snapshot import GitFacts, number, render_changes, render_facts
from orchestra.context.git.worktree import ATTRIBUTES, WorkingTree
from orchestra.shared.errors import Unavailable
from orchestra.shared.json import JsonObject

_USERS_RULES = "the user's ignore rules"
_RULES = {".gitignore": "ignores", ATTRIBUTES.decode(): "attributes"}
_SETTINGS = {
    "config": "config",
    "config.worktree": "config",
    "info/exclude": "ignores",
    "info/attributes": "attributes",
    _USERS_RULES: "ignores",
}


class RepositoryReader:
    """One repository, read. Blocking: call it from one worker thread; `close` from any."""

    def __init__(self, path: Path) -> None:
        self.repository = Repository.find(path)
        self.rules = IgnoreRules(self.repository.git)
        self.stale_watches = False
        """Other folders matter now than when the watches were made; whoever mends it clears it."""
        self._tree = WorkingTree(self.repository, self.rules) if self.repository.root else None
        self._facts = GitFacts(read_head(self.repository.git))
        self._loaded_for: tuple[str, str | None] | None = None
        self._settings: dict[str, tuple[int, int] | None] = {}
        self._excludes = self.repository.users_file("core.excludesFile", "ignore")

    def take_in(
        self,
        paths: AbstractSet[bytes],
        folders: Iterable[bytes],
        meta: AbstractSet[str],
        *,
        rescan: bool,
    ) -> None:
        """Make what is known agree with the disk, given what has been reported.

        Raises:
            Unavailable: git fails; what is known stays as it was.
        """
        changed = self._settings_changed(paths, meta, rescan=rescan)
        if "config" in changed:
            excludes = self._excludes
            self._adopt(self.repository.reread())
            if self._excludes != excludes:
                changed.add("ignores")
        if changed & {"config", "ignores"} or rescan:
            self.rules.reset(self.repository.git)
        if rescan or meta - {"index", "index.lock"}:
            self._read_facts(remotes=rescan or "config" in changed)
        if self._tree is not None:
            self._take_in_tree(
                self._tree,
                paths,
                folders,
                meta,
                full=rescan or bool(changed),
                conversions=bool(changed & {"config", "attributes"}),
            )
        if "ignores" in changed:
            self.stale_watches = True

    def value(self) -> JsonObject:
        """All that is known, save for how it is watched."""
        value: JsonObject = {
            "repository": show_path(os.fsencode(self.repository.home.name)).removesuffix(".git"),
            "root": show_path(os.fsencode(self.repository.home)),
            "vcs": "git",
        }
        value |= render_facts(self._facts)
        if self._tree is not None:
            return value | render_changes(self._tree.changes, self._tree.index)
        return value | {"counts": {}, "changes": {}, "omitted": 0}

    def version(self) -> tuple[object, ...]:
        """Differs from the one before exactly when `value` may."""
        if self._tree is None:
            return (self._facts,)
        return (self._facts, self._tree.changes.version, self._tree.index.submodules)

    @property
    def problem(self) -> str | None:
        """Why the value is not whole, in a sentence with a hint."""
        if self._facts.head.state != "broken":
            return None
        return (
            "HEAD names a commit that cannot be read, so changes are unknown;"
            " hint: `git fsck`, then set the branch to a good commit with `git update-ref`"
        )

    @property
    def lock(self) -> Path:
        """The file that exists while git changes the index."""
        return self.repository.folder / "index.lock"

    def close(self) -> None:
        """End what git still does; later calls fail."""
        self.repository.git.close()
        self.rules.close()

    def _take_in_tree(
        self,
        tree: WorkingTree,
        paths: AbstractSet[bytes],
        folders: Iterable[bytes],
        meta: AbstractSet[str],
        *,
        full: bool,
        conversions: bool,
    ) -> None:
        head = self._facts.head
        if head.state == "broken":
            tree.forget()
            self._loaded_for = None
            return
        if conversions:
            tree.read_conversions()
        before = tree.index.folders
        if full or self._loaded_for != (head.state, head.commit):
            self._load(tree)
        else:
            if "index" in meta:
                tree.follow_index()
            tree.apply(paths, folders)
        new = tree.index.folders - before
        if before and new and any(self.rules.ignored(sorted(new))):
            self.stale_watches = True

    def _load(self, tree: WorkingTree) -> None:
        try:
            tree.load()
        except Unavailable:
            self._read_facts(remotes=False)
            if self._facts.head.state != "broken":
                raise
            tree.forget()
            return
        self._loaded_for = (self._facts.head.state, self._facts.head.commit)

    def _read_facts(self, *, remotes: bool) -> None:
        git = self.repository.git
        head = read_head(git)
        self._facts = replace(
            self._facts,
            head=head,
            operation=read_operation(self.repository.folder),
            remotes=read_remotes(git) if remotes else self._facts.remotes,
            order=number(head.commits, self._facts.order),
        )

    def _adopt(self, repository: Repository) -> None:
        self.repository = repository
        self._excludes = repository.users_file("core.excludesFile", "ignore")
        if self._tree is not None:
            self._tree.repository = repository

    def _settings_changed(
        self, paths: Iterable[bytes], meta: AbstractSet[str], *, rescan: bool
    ) -> set[str]:
        """Which kinds of settings have changed: `config`, `ignores`, `attributes`."""
        changed = {_SETTINGS[name] for name in meta if name in _SETTINGS}
        for path in paths:
            name = path.rpartition(b"/")[2]
            if name.startswith(b".git"):
                changed |= {_RULES[n] for n in _RULES if n == name.decode("ascii", "replace")}
        if rescan or changed:
            stamps = {name: self._stamp(name) for name in _SETTINGS}
            if self._settings:
                changed |= {_SETTINGS[n] for n in stamps if stamps[n] != self._settings.get(n)}
            self._settings = stamps
        return changed

    def _stamp(self, name: str) -> tuple[int, int] | None:
        home = self.repository.folder if name == "config.worktree" else self.repository.common
        try:
            found = (self._excludes if name == _USERS_RULES else home / name).stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino
