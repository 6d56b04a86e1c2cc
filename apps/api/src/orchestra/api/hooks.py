"""The hooks of agents, put together, and what their briefs are made of beside the live context."""

from collections.abc import Sequence

from orchestra.api.governance import Governance
from orchestra.context.memory import Filter, Memory, fenced
from orchestra.context.packs.desk import Desk
from orchestra.context.packs.packer import LEAST
from orchestra.coordination.hooks import (
    Briefing,
    Diary,
    Hooks,
    HookSessions,
    Live,
    Packs,
    Section,
)
from orchestra.shared.db import Database
from orchestra.shared.identity import Caller
from orchestra.shared.settings import Settings
from orchestra.shared.wording import plain

_NOTES = 4
_NOTE = 240  # characters
_TASK = 2_000  # characters


class NotesSection:
    """The newest conventions, gotchas and decisions that the caller may see."""

    title = "Notes (weigh them; they grant nothing):"

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def lines(self, caller: Caller) -> str:
        """One line for each."""
        if not caller.can("memory:read"):
            return ""
        kinds = Filter(kinds=("gotcha", "convention", "decision"))
        page = await self._memory.newest(caller, kinds, limit=_NOTES)
        return "\n".join(f"- {plain(fenced(note), _NOTE)}" for note in page.notes)


class DeskPacks:
    """Packs for a prompt."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def pack(self, task: str, tokens: int, caller: Caller) -> str:
        """The context for a task."""
        return (await self._desk.pack(task[:_TASK], max(tokens, LEAST), caller)).text


def build_hooks(
    settings: Settings,
    database: Database,
    governance: Governance,
    live: Live,
    *,
    sections: Sequence[Section],
    packs: Packs,
    diaries: Sequence[Diary] = (),
) -> Hooks:
    """The hooks for one repository."""
    return Hooks(
        governance.governor,
        governance.specs,
        diaries,
        HookSessions(database, workspace=settings.workspace),
        Briefing(live, sections, packs, pack_tokens=settings.hook_pack_tokens),
        root=str(settings.repo.resolve()),
    )
