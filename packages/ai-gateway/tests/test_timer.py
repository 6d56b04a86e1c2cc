"""A limit of time that moves on."""

import asyncio

import pytest
from orchestra.gateway.routing.timer import Timer

pytestmark = pytest.mark.requirement("gw.resilience")


async def test_what_takes_too_long_ends() -> None:
    with pytest.raises(TimeoutError), Timer(_now() + 0.01):
        await asyncio.Event().wait()


async def test_a_limit_that_was_put_off_holds_later() -> None:
    loop = asyncio.get_running_loop()
    passed = asyncio.Event()
    loop.call_later(0.05, passed.set)
    with Timer(_now() + 0.01) as timer:
        timer.move(_now() + 60)
        await passed.wait()
    with pytest.raises(TimeoutError):
        await _moved(due=0.01, to=0.05)


async def test_a_limit_that_was_brought_forward_holds_earlier() -> None:
    with pytest.raises(TimeoutError):
        await _moved(due=600, to=0.01)


async def test_who_cancels_from_outside_is_not_taken_for_the_limit() -> None:
    async def limited() -> None:
        with Timer(_now() + 600):
            await asyncio.Event().wait()

    task = asyncio.create_task(limited())
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_inside_stays_what_it_is() -> None:
    with pytest.raises(LookupError), Timer(_now() + 600):
        raise LookupError


async def _moved(*, due: float, to: float) -> None:
    with Timer(_now() + due) as timer:
        timer.move(_now() + to)
        await asyncio.Event().wait()


def _now() -> float:
    return asyncio.get_running_loop().time()
