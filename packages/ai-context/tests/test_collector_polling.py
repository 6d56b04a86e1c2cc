"""A polled source is asked often while busy, seldom when idle, and its failures do no harm."""

import asyncio
from itertools import pairwise
from random import Random

import pytest
from orchestra.context.collectors.polling import Look, Polling, SourceFailed
from orchestra.context.facts import Observation, Topic
from orchestra.shared.metrics import Metrics

OK = Observation(value={"a": 1}, source="there")


class Scripted:
    """A source that shows one thing after the other, and then ends the story."""

    topic: Topic = "ci_runs"

    def __init__(self, *looks: Look | SourceFailed) -> None:
        self.looks = list(looks)

    async def look(self) -> Look:
        if not self.looks:
            raise asyncio.CancelledError
        look = self.looks.pop(0)
        if isinstance(look, SourceFailed):
            raise look
        return look


async def play(*looks: Look | SourceFailed) -> tuple[list[Observation], list[float], Metrics]:
    """What was published, the pauses made, and what was measured."""
    published: list[Observation] = []
    pauses: list[float] = []
    metrics = Metrics()

    async def publish(observation: Observation) -> None:
        published.append(observation)

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    polling = Polling(Scripted(*looks), interval=60, metrics=metrics, pause=pause, random=Random(1))
    async with asyncio.timeout(5):
        with pytest.raises(asyncio.CancelledError):
            await polling.run(publish)
    return published, pauses, metrics


async def test_an_idle_source_is_asked_at_its_interval_with_jitter() -> None:
    published, pauses, _ = await play(*[Look(OK)] * 20)
    assert published == [OK] * 20
    assert all(54 <= pause <= 66 for pause in pauses)
    assert len(set(pauses)) == 20


async def test_a_busy_source_is_asked_sooner() -> None:
    _, pauses, _ = await play(Look(OK, busy=True), Look(OK))
    assert 10.8 <= pauses[0] <= 13.2
    assert 54 <= pauses[1] <= 66


async def test_a_source_is_not_asked_before_it_says() -> None:
    _, pauses, _ = await play(
        Look(OK, busy=True, wait=120), SourceFailed("slow; hint: x", wait=300)
    )
    assert pauses == [120, 300]


async def test_a_source_cannot_stop_us_from_asking_ever_again() -> None:
    _, pauses, _ = await play(Look(OK, wait=1e9), SourceFailed("slow; hint: x", wait=1e9))
    assert pauses == [3600, 3600]


async def test_failures_back_off_exponentially_up_to_a_quarter_of_an_hour() -> None:
    _, pauses, metrics = await play(*[SourceFailed("down; hint: wait")] * 12)
    assert all(b > a for a, b in pairwise(pauses[:6]))
    assert all(810 <= pause <= 990 for pause in pauses[-3:])
    assert b'orchestra_collector_failures_total{topic="ci_runs"} 12.0' in metrics.render()


async def test_success_resets_the_backoff() -> None:
    failed = SourceFailed("down; hint: wait")
    _, pauses, _ = await play(failed, failed, failed, Look(OK), failed)
    assert pauses[4] < pauses[1]


@pytest.mark.requirement("ctx.push")
async def test_a_failing_source_keeps_its_last_value_and_says_that_it_is_stale() -> None:
    published, _, _ = await play(
        SourceFailed("never seen; hint: a"), Look(OK), SourceFailed("gone; hint: b"), Look(OK)
    )
    assert published == [
        Observation(value=None, status="unavailable", detail="never seen; hint: a"),
        OK,
        Observation(value={"a": 1}, status="stale", source="there", detail="gone; hint: b"),
        OK,
    ]


async def test_what_is_unconfigured_is_no_failure() -> None:
    unconfigured = Observation(value=None, status="unconfigured", detail="no key; hint: set it")
    published, pauses, metrics = await play(Look(unconfigured))
    assert published == [unconfigured]
    assert 54 <= pauses[0] <= 66
    assert b"orchestra_collector_failures_total{" not in metrics.render()


async def test_settling_returns_at_once() -> None:
    await Polling(Scripted(), interval=60).settle()
