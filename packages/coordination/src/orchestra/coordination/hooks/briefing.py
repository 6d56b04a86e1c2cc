"""What an agent is told at the start, at a prompt, and after a tool: short, and only what is new."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog
from orchestra.coordination.hooks.event import HookEvent
from orchestra.coordination.hooks.fence import fenced
from orchestra.coordination.hooks.sessions import Told
from orchestra.coordination.specs import AgentSpec
from orchestra.shared.errors import OrchestraError
from orchestra.shared.identity import Caller

BRIEF_TOKENS, DELTA_TOKENS = 600, 300
_PACK_SECONDS = 0.3
_MORE = (
    "More: the tools of the MCP server `orchestra`: context_get (live state), context_pack (what a"
    " task needs), context_search, memory_search."
)

_log = structlog.get_logger(__name__)


class Live(Protocol):
    """What is needed of the live context. `topics` None means all; texts are cut to `tokens`."""

    def version(self) -> str:
        """The version of the context now."""

    def state(self, topics: frozenset[str] | None, tokens: int) -> str:
        """The context now, in lines."""

    def changes(
        self, version: str, topics: frozenset[str] | None, known: Sequence[str], tokens: int
    ) -> str:
        """What is different from an older version, in lines; files that are `known` are left out."""


class Section(Protocol):
    """A part of the brief at the start of a session: tasks, notes."""

    title: str

    async def lines(self, caller: Caller) -> str:
        """What it says to the caller; empty when nothing."""


class Packs(Protocol):
    """What is needed of the packs."""

    async def pack(self, task: str, tokens: int, caller: Caller) -> str:
        """The context for a task."""


@dataclass(frozen=True, slots=True)
class Briefing:
    """Writes what agents are told; what a key may not read is not in it."""

    live: Live
    sections: Sequence[Section]
    packs: Packs
    pack_tokens: int
    """Of the pack at the first prompt of a session; 0 for none."""

    async def tell(
        self, event: HookEvent, told: Told, caller: Caller, spec: AgentSpec | None
    ) -> tuple[str, str]:
        """The text for the agent, and the version of the context that it has after that."""
        version = self.live.version()
        if not caller.can("context:read"):
            return "", told.version
        topics = frozenset(spec.topics) if spec is not None and spec.topics else None
        if event.moment == "started":
            return await self._brief(caller, topics, version), version
        if not told.version:  # a session that was never briefed, or whose memory is lost
            news = fenced("context", self.live.state(topics, DELTA_TOKENS - 60), version=version)
        elif told.version == version:
            news = ""
        else:
            changed = self.live.changes(told.version, topics, told.edited, DELTA_TOKENS - 60)
            news = fenced("changes", changed, version=version)
        if event.moment == "prompt" and told.prompts == 0:
            news = "\n".join(filter(None, [news, await self._pack(event.prompt, caller)]))
        return news, version

    async def _brief(self, caller: Caller, topics: frozenset[str] | None, version: str) -> str:
        parts = [f"Live state of this repository:\n{self.live.state(topics, BRIEF_TOKENS // 2)}"]
        for section in self.sections:
            if lines := await self._ask(section.lines(caller)):
                parts.append(f"{section.title}\n{lines}")
        return f"{fenced('context', chr(10).join(parts), version=version)}\n{_MORE}"

    async def _pack(self, prompt: str, caller: Caller) -> str:
        if not self.pack_tokens or not prompt.strip():
            return ""
        return fenced("pack", await self._ask(self.packs.pack(prompt, self.pack_tokens, caller)))

    async def _ask(self, asked: Awaitable[str]) -> str:
        """What is asked for, if it comes in time: a brief without it is better than none."""
        try:
            async with asyncio.timeout(_PACK_SECONDS):
                return await asked
        except TimeoutError:
            return ""
        except OrchestraError as error:
            _log.info("a part of a brief is lacking", error=error.message)
            return ""
