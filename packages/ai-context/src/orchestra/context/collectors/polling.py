"""Turns a source that has to be asked into a collector: when to ask, and what a failure means."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from random import Random
from time import monotonic
from typing import Protocol

import structlog
from orchestra.context.facts import Observation, Publish, Topic
from orchestra.shared.metrics import Metrics

_LONGEST_PAUSE = 3_600.0  # seconds, also when a service asks for more
_LONGEST_BACKOFF = 900.0
_JITTER = 0.1

_log = structlog.get_logger(__name__)


class SourceFailed(Exception):
    """A source could not be asked; the message is a sentence that ends with a hint.

    `wait`: seconds until it wants to be asked again, if it said so.
    """

    def __init__(self, message: str, *, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a source showed.

    `busy`: something is in progress, so look again sooner; `wait`: no sooner than in so many
    seconds, as the source said.
    """

    observation: Observation
    busy: bool = False
    wait: float = 0.0


class Source(Protocol):
    """A source that answers when it is asked."""

    topic: Topic

    async def look(self) -> Look:
        """Ask once.

        Raises:
            SourceFailed: it could not be asked, or said nothing of use.
        """


class Polling:
    """Asks a source again and again: often while it is busy, seldom when idle or failing.

    Every look is published, also one that shows nothing new: that is how the fact's age is known.
    After a failure the last value is published as `stale`, or `unavailable` if there is none.
    """

    def __init__(
        self,
        source: Source,
        *,
        interval: float,
        busy_interval: float | None = None,
        metrics: Metrics | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        random: Random | None = None,
    ) -> None:
        """`interval` and `busy_interval` (a fifth of it, at least 2, if not given): seconds."""
        self.topic: Topic = source.topic
        self._source = source
        self._interval = interval
        self._busy_interval = busy_interval or min(interval, max(2.0, interval / 5))
        self._metrics = metrics
        self._pause = pause
        self._random = random or Random()  # noqa: S311 - spreads requests; guards nothing
        self._failures = 0
        self._last: Observation | None = None

    async def run(self, publish: Publish) -> None:
        """Ask for as long as the system runs."""
        while True:
            await self._pause(await self._once(publish))

    async def settle(self) -> None:
        """Return at once: what an outside service will say cannot be hurried."""

    async def _once(self, publish: Publish) -> float:
        """Ask, publish, and return the seconds to wait."""
        began = monotonic()
        try:
            look = await self._source.look()
        except SourceFailed as error:
            await publish(self._failed(error))
            return self._backoff(error.wait)
        finally:
            if self._metrics is not None:
                self._metrics.collector_seconds.labels(self.topic).observe(monotonic() - began)
        self._failures = 0
        self._last = look.observation
        await publish(look.observation)
        wanted = self._busy_interval if look.busy else self._interval
        return min(max(self._jittered(wanted), look.wait), _LONGEST_PAUSE)

    def _failed(self, error: SourceFailed) -> Observation:
        self._failures += 1
        if self._metrics is not None:
            self._metrics.collector_failures.labels(self.topic).inc()
        if self._failures == 1:
            _log.warning("source failed", topic=self.topic, reason=str(error))
        if self._last is None or self._last.value is None:
            return Observation(value=None, status="unavailable", detail=str(error))
        return replace(self._last, status="stale", detail=str(error))

    def _backoff(self, asked: float | None) -> float:
        grown = min(self._busy_interval * 2.0 ** min(self._failures, 20), _LONGEST_BACKOFF)
        return min(max(self._jittered(grown), asked or 0.0), _LONGEST_PAUSE)

    def _jittered(self, seconds: float) -> float:
        return seconds * self._random.uniform(1 - _JITTER, 1 + _JITTER)
