"""Gives every agent the live context, whenever it changes."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import cast, get_args

from orchestra.context.facts import Topic
from orchestra.context.log import ContextLog
from orchestra.context.sinks.sink import Sink
from orchestra.shared.json import JsonObject

AGENTS = ("manus", "cursor", "factory", "codex", "claude")
TOPICS: tuple[Topic, ...] = get_args(Topic)

_PAUSE = 0.25  # seconds between two emissions: sinks are files and webhooks, not people's eyes


class ContextStreamer:
    """Emits the context to the sinks of each agent: at once, then at most four times a second.

    What changes between two emissions is in the next one; nothing queues up behind a slow sink.
    """

    def __init__(
        self,
        log: ContextLog,
        sinks: Mapping[str, Sequence[Sink]],
        *,
        sources: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.agents = list(sinks)
        self._log = log
        self._sinks = sinks
        self._sources = sources or {}

    def context(self, agent: str | None = None) -> JsonObject:
        """What an agent gets: `{"epoch", "seq", "topics"}`, by its `context_sources` if it has any."""
        facts = cast("JsonObject", self._log.document["topics"])
        wanted = self._sources.get(agent or "", TOPICS)
        topics = {name: facts[name] for name in wanted if name in facts}
        return {"epoch": self._log.epoch, "seq": self._log.seq, "topics": topics}

    async def stream_to_agents(self) -> None:
        """Emit to every agent on every change, until cancelled."""
        sent = -1
        while True:
            grown = self._log.grown()
            if self._log.seq == sent:
                await grown.wait()
                continue
            sent = self._log.seq
            emissions: dict[int, tuple[Sink, JsonObject]] = {}
            for agent in self.agents:
                for sink in self._sinks[agent]:  # one that several agents share is written once
                    emissions.setdefault(id(sink), (sink, self.context(agent)))
            await asyncio.gather(*(sink.emit(context) for sink, context in emissions.values()))
            await asyncio.sleep(_PAUSE)
