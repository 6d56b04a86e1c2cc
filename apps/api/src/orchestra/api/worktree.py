"""The served repository and its live context, as hand-offs compare themselves with them."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from orchestra.context import ContextLog, Cursor
from orchestra.context.git.head import read_head
from orchestra.context.git.repository import Repository
from orchestra.coordination.tasks import Relation, Standing
from orchestra.shared.errors import OrchestraError
from orchestra.shared.json import JsonObject

_MOST_DIRTY = 50
_PATIENCE = 10.0  # seconds


class ServedWorktree:
    """Git in the served repository, asked when it is needed."""

    def __init__(self, repository: Path, context: ContextLog) -> None:
        self._path = repository
        self._context = context

    async def standing(self) -> Standing:
        """HEAD as git says; the changed files as the live context has them."""
        head, branch = await asyncio.to_thread(self._head)
        topics = cast("Mapping[str, JsonObject]", self._context.document["topics"])
        value = topics.get("codebase_state", {}).get("value")
        changes = value.get("changes") if isinstance(value, dict) else None
        dirty = sorted(changes)[:_MOST_DIRTY] if isinstance(changes, dict) else []
        return Standing(head, branch, tuple(dirty))

    async def relation(self, commit: str, head: str | None) -> Relation:
        """How `head`, or what is checked out, stands to `commit`."""
        return await asyncio.to_thread(self._relation, commit, head)

    async def missing(self, paths: Sequence[str]) -> list[str]:
        """Those that do not exist in the working tree."""
        return await asyncio.to_thread(self._missing, tuple(paths))

    def _head(self) -> tuple[str | None, str | None]:
        try:
            head = read_head(Repository.find(self._path).git)
        except OrchestraError:  # the live context says what is wrong with it
            return None, None
        return head.commit, head.branch

    def _relation(self, commit: str, head: str | None) -> Relation:
        if commit == head:
            return "same"
        try:
            git = Repository.find(self._path).git
            at = head or read_head(git).commit
            if at == commit:
                return "same"
            if at is None or git.attempt("cat-file", "-e", f"{commit}^{{commit}}").code != 0:
                return "unknown"
            ahead = git.attempt("merge-base", "--is-ancestor", commit, at, timeout=_PATIENCE)
        except OrchestraError:
            return "unknown"
        return "ahead" if ahead.code == 0 else "diverged"

    def _missing(self, paths: Sequence[str]) -> list[str]:
        return [path for path in paths if not (self._path / path).exists()]


class ServedContext:
    """The version of the live context, and what has changed since one."""

    def __init__(self, context: ContextLog) -> None:
        self._context = context

    def version(self) -> str:
        """Where it is: `epoch:seq`."""
        return str(self._context.cursor)

    def changed_since(self, version: str) -> list[str] | None:
        """The topics that have changed since; None when that is not known any more."""
        cursor = Cursor.parse(version)
        if cursor.epoch != self._context.epoch:
            return None
        deltas = self._context.since(cursor.seq)
        return None if deltas is None else sorted({delta.topic for delta in deltas})
