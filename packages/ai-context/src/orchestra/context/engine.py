"""Runs the collectors: what they see is redacted, compared with what is known, and published."""

import asyncio
import contextlib
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from time import perf_counter
from typing import cast

import structlog
from orchestra.context.facts import Collector, Observation
from orchestra.context.log import ContextLog
from orchestra.context.patch import diff
from orchestra.shared.errors import OrchestraError, Unavailable
from orchestra.shared.events import EventLog
from orchestra.shared.json import JsonObject, JsonValue
from orchestra.shared.leadership import Leadership
from orchestra.shared.metrics import Metrics
from orchestra.shared.redaction import Redactor

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0  # seconds between attempts of a failing source
_RETRY = 0.2  # seconds until a publication is tried again that the database did not take

_log = structlog.get_logger(__name__)


class ContextEngine:
    """Collect → redact → compare → publish, for one repository.

    Of the processes that share a database, one runs the collectors at a time; the others follow
    the stream, and one of them takes over when it goes.
    """

    def __init__(
        self,
        collectors: Sequence[Collector],
        log: ContextLog,
        events: EventLog,
        leadership: Leadership,
        *,
        redactor: Redactor,
        metrics: Metrics,
    ) -> None:
        self.collectors = tuple(collectors)
        self.checked: dict[str, datetime] = {}
        """When each topic was last looked at by this process, whether it had changed or not."""
        self._context = log
        self._events = events
        self._leadership = leadership
        self._redactor = redactor
        self._metrics = metrics
        self._locks = {collector.topic: asyncio.Lock() for collector in collectors}
        self._seen = {collector.topic: asyncio.Event() for collector in collectors}
        self._task: asyncio.Task[None] | None = None

    @property
    def collecting(self) -> bool:
        """Whether this process is the one that runs the collectors."""
        return self._leadership.held

    async def start(self) -> None:
        """Run the collectors whenever this process leads."""
        self._task = asyncio.create_task(self._lead(), name="context-engine")

    async def close(self) -> None:
        """Stop the collectors."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def settle(self, within: float = 5.0) -> None:
        """Return once all that happened before the call can be read here.

        Raises:
            Unavailable: the sources did not settle within that many seconds.
        """
        try:
            async with asyncio.timeout(within):
                await asyncio.gather(*(self._settle(collector) for collector in self.collectors))
        except TimeoutError:
            if not self.collecting:
                raise Unavailable(
                    "another process of this system watches the repository",
                    hint="ask again without `consistent`, or ask that process",
                ) from None
            raise Unavailable(
                f"the sources did not settle within {within:g} s",
                hint="ask again without `consistent`, or see GET /api/v1/status",
            ) from None

    async def _settle(self, collector: Collector) -> None:
        while True:
            seen = self._seen[collector.topic]
            await seen.wait()
            await collector.settle()
            if self._seen[collector.topic] is seen:
                return  # otherwise it ended meanwhile, and has to see everything again

    def _forget(self, topic: str) -> None:
        """What a collector published counts no more: it has ended, and may miss what happens."""
        seen, self._seen[topic] = self._seen[topic], asyncio.Event()  # type: ignore[index]  # a collector's
        seen.set()  # whoever waits shall look again

    async def _lead(self) -> None:
        while True:
            async with self._leadership.hold(), asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._supervise(c), name=f"collect-{c.topic}")
                    for c in self.collectors
                ]
                await self._leadership.lost()
                for task in tasks:
                    task.cancel()

    async def _supervise(self, collector: Collector) -> None:
        pause = _FIRST_PAUSE

        async def publish(observation: Observation) -> None:
            nonlocal pause
            pause = _FIRST_PAUSE
            await self._publish(collector.topic, observation)

        while True:
            try:
                await collector.run(publish)
                return
            except asyncio.CancelledError:
                self._forget(collector.topic)
                raise
            except Exception as error:  # noqa: BLE001 - a source may fail in any way; the rest goes on
                self._forget(collector.topic)
                _log_failure(collector.topic, error)
                self._metrics.collector_failures.labels(collector.topic).inc()
                await self._publish(collector.topic, _stale(error))
                if isinstance(error, Unavailable):
                    pause = _FIRST_PAUSE  # the database was away, and has just taken what was said
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - jitter
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _publish(self, topic: str, observation: Observation) -> None:
        started = perf_counter()
        async with self._locks[topic]:  # type: ignore[index]  # the topic is a collector's
            while True:
                try:
                    await self._publish_change(topic, observation)
                    break
                except Unavailable:
                    await asyncio.sleep(_RETRY)
        self._seen[topic].set()  # type: ignore[index]  # the topic is a collector's
        self._metrics.collector_seconds.labels(topic).observe(perf_counter() - started)

    async def _publish_change(self, topic: str, observation: Observation) -> None:
        facts = cast("dict[str, JsonValue]", self._context.document["topics"])
        before = cast("JsonObject | None", facts.get(topic))
        if observation.status == "stale" and observation.value is None:
            kept = cast("JsonObject | None", before["value"] if before else None)
            observation = replace(
                observation, status="unavailable" if kept is None else "stale", value=kept
            )
        fact = cast(
            "JsonObject",
            self._redactor.value(
                {
                    "status": observation.status,
                    "source": observation.source or (str(before["source"]) if before else ""),
                    "detail": observation.detail,
                    "value": observation.value,
                }
            ),
        )
        now = datetime.now(UTC)
        self.checked[topic] = now
        if before is not None and not diff(
            {**before, "observed_at": None}, {**fact, "observed_at": None}
        ):
            return
        fact["observed_at"] = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        path = f"/topics/{topic}"
        if before is None:
            operations: JsonValue = [{"op": "add", "path": path, "value": fact}]
        else:
            operations = cast("JsonValue", diff(before, fact, path))
        event = await self._events.append(
            self._context.stream,
            "context.delta",
            {"topic": topic, "cause": fact["source"], "ops": operations},
            actor="orchestra",
        )
        self._metrics.context_deltas.labels(topic).inc()
        await self._context.reached(event.seq)


def _log_failure(topic: str, error: Exception) -> None:
    if isinstance(error, OrchestraError):  # said whole in its message; where it arose is no news
        _log.warning("collector failed", topic=topic, error=error.message)
    else:
        _log.warning("collector failed", topic=topic, exc_info=error)


def _stale(error: Exception) -> Observation:
    if isinstance(error, OrchestraError):
        said = f"{error.message}; {error.hint}" if error.hint else error.message
    else:
        said = f"it failed ({type(error).__name__}); see the log of the API"
    return Observation(None, "stale", detail=said)
