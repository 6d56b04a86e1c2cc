"""The served repository and its live context, as hand-offs compare themselves with them."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from orchestra.context import ContextLog, Cursor
from orchestra.context.git.command import Git
from orchestra.context.git.names import clean_text
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
        self._found: Git | None = None

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
            branch = self._asked("symbolic-ref", "-q", "--short", "HEAD")
            return self._asked("rev-parse", "-q", "--verify", "HEAD^{commit}"), branch
        except OrchestraError:  # the live context says what is wrong with it
            return None, None

    def _relation(self, commit: str, head: str | None) -> Relation:
        if commit == head:
            return "same"
        try:
            at = head or self._asked("rev-parse", "-q", "--verify", "HEAD^{commit}")
            if at == commit:
                return "same"
            if at is None or self._asked("cat-file", "-t", commit) != "commit":
                return "unknown"
            ahead = self._git().attempt("merge-base", "--is-ancestor", commit, at)
        except OrchestraError:
            return "unknown"
        return "ahead" if ahead.code == 0 else "diverged"

    def _git(self) -> Git:
        """Git in the repository, which is looked for once: that takes it several processes."""
        if self._found is None:
            self._found = Repository.find(self._path).git
        return self._found

    def _asked(self, *question: str) -> str | None:
        answer = self._git().attempt(*question, timeout=_PATIENCE)
        return clean_text(answer.output.strip()) if answer.code == 0 else None

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
