"""A collector that sees what the test says."""

import asyncio

from orchestra.context import ContextEngine, ContextLog, Observation, Publish, Topic
from orchestra.context.facts import Collector
from orchestra.shared.db import Database
from orchestra.shared.events import EventLog
from orchestra.shared.leadership import Leadership
from orchestra.shared.metrics import Metrics
from orchestra.shared.redaction import Redactor


class Feed:
    """Publishes each observation that it is fed; `settle` waits until all are published."""

    def __init__(self, topic: Topic = "ci_runs") -> None:
        self.topic = topic
        self.runs = 0
        self.ended = asyncio.Event()
        """Set when a run has come to its end."""
        self._queue: asyncio.Queue[Observation | Exception] = asyncio.Queue()

    def see(self, *seen: Observation | Exception) -> None:
        """Let it see these, or fail with them."""
        for one in seen:
            self._queue.put_nowait(one)

    async def run(self, publish: Publish) -> None:
        """Publish what it is fed."""
        self.runs += 1
        try:
            while True:
                await self._next(publish)
        finally:
            self.ended.set()

    async def _next(self, publish: Publish) -> None:
        seen = await self._queue.get()
        try:
            if isinstance(seen, Exception):
                raise seen
            await publish(seen)
        finally:
            self._queue.task_done()

    async def settle(self) -> None:
        """Return when all of it is published."""
        await self._queue.join()


def engine_of(
    context: ContextLog, events: EventLog, database: Database, *feeds: Collector
) -> ContextEngine:
    """An engine over feeds, or other collectors."""
    return ContextEngine(
        feeds,
        context,
        events,
        Leadership(database, context.stream),
        redactor=Redactor(),
        metrics=Metrics(),
    )
