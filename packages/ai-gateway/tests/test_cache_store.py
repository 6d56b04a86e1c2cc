"""Answers outlive a process, and all processes see the same ones."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from msgspec.structs import replace
from orchestra.gateway.cache.config import CacheSection
from orchestra.gateway.cache.hearing import CHANNEL, messages
from orchestra.gateway.cache.known import Known
from orchestra.gateway.cache.opening import opened_cache
from orchestra.gateway.cache.response_cache import ResponseCache
from orchestra.gateway.calls import ModelCall
from orchestra.gateway.testing.cache_calls import PLAN, answer, caller, chat, completion
from orchestra.shared.db import Database
from orchestra.shared.redaction import Redactor
from sqlalchemy import event, text


@pytest.fixture
async def two(cache_database: Database) -> AsyncIterator[tuple[ResponseCache, ResponseCache]]:
    async with AsyncExitStack() as stack:
        opened = [
            opened_cache(CacheSection(), cache_database, Redactor(), patience=20) for _ in range(2)
        ]
        first, second = [await stack.enter_async_context(one) for one in opened]
        yield first, second


async def kept(cache: ResponseCache, call: ModelCall, body: str = "A lock.") -> None:
    assert await cache.find(call, PLAN) is None
    cache.keep(call, answer(completion(body)))
    await cache.settled()


async def found(cache: ResponseCache, call: ModelCall) -> bytes | None:
    hit = await cache.find(replace(call, id="again"), PLAN)
    return None if hit is None else hit.answer.body


async def until_found(cache: ResponseCache, call: ModelCall, *, there: bool = True) -> None:
    async with asyncio.timeout(10):
        while ((await found(cache, call)) is not None) != there:
            await asyncio.sleep(0.01)


@pytest.mark.requirement("gw.cache")
async def test_another_process_gives_the_same_answer_and_forgets_it_with_all(
    two: tuple[ResponseCache, ResponseCache],
) -> None:
    first, second = two
    await kept(first, chat())
    await until_found(second, chat())
    assert await found(second, chat()) == answer(completion("A lock.")).body

    assert await first.clear() == 1

    assert await found(first, chat()) is None
    await until_found(second, chat(), there=False)


@pytest.mark.requirement("gw.cache")
async def test_an_answer_outlives_its_process(cache_database: Database) -> None:
    async with opened_cache(CacheSection(), cache_database, Redactor(), patience=20) as cache:
        await kept(cache, chat())
    async with opened_cache(CacheSection(), cache_database, Redactor(), patience=20) as cache:
        hit = await cache.find(chat(), PLAN)

    assert hit is not None
    assert hit.answer == answer(completion("A lock."))


@pytest.mark.requirement("gw.cache")
async def test_a_miss_asks_the_database_nothing(
    cache_database: Database, two: tuple[ResponseCache, ResponseCache]
) -> None:
    first, _ = two
    await kept(first, chat())
    asked: list[str] = []
    engine = cache_database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))

    for number in range(200):
        assert await first.find(chat(f"question {number}"), PLAN) is None

    assert len([one for one in asked if "gateway_answers" in one]) <= 1


@pytest.mark.requirement("gw.cache")
async def test_what_waits_for_a_commit_or_tenant_is_cleared_alone(
    two: tuple[ResponseCache, ResponseCache],
) -> None:
    first, _ = two
    old, new = (chat(headers={"x-orchestra-commit": c * 40}) for c in "ab")
    other = chat(who=caller("p-2", "bob"))
    for number, call in enumerate((old, new, other)):
        await kept(first, replace(call, id=f"k-{number}"))

    assert await first.clear(commit="a" * 40) == 1
    assert await found(first, old) is None
    assert await found(first, new) is not None
    assert await first.clear(tenant="principal p-2") == 1
    assert await found(first, new) is not None


@pytest.mark.requirement("gw.cache")
async def test_a_process_that_cannot_hear_gives_no_answer(
    cache_database: Database, two: tuple[ResponseCache, ResponseCache]
) -> None:
    first, _ = two
    await kept(first, chat())
    assert await found(first, chat()) is not None

    async with cache_database.transaction() as session:
        await session.execute(
            text(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where query ilike 'listen%' and datname = current_database()"
            )
        )
    await until_found(first, chat(), there=False)
    await until_found(first, chat())  # it listens again


@pytest.mark.requirement("gw.cache")
async def test_an_answer_from_before_the_clearing_is_not_written_after_it(
    two: tuple[ResponseCache, ResponseCache],
) -> None:
    first, second = two
    await first.find(chat(), PLAN)
    await second.clear()
    first.keep(chat(), answer())
    await first.settled()

    assert (await first.figures()).entries == 0


@pytest.mark.requirement("gw.cache")
async def test_a_secret_stays_out_of_the_database(
    two: tuple[ResponseCache, ResponseCache],
) -> None:
    first, _ = two
    await kept(
        first, chat(), "use AKIAIOSFODNN7EXAMPLA and wJalrXUtnFEMIK7MDENGbPxRfiCYzzzzzzzzzzKE"
    )
    figures = await first.figures()

    assert (figures.entries, figures.memory_entries, figures.unwritten) == (0, 1, 1)


async def test_noise_on_the_channel_disturbs_nobody(
    cache_database: Database, two: tuple[ResponseCache, ResponseCache]
) -> None:
    first, _ = two
    await kept(first, chat())
    async with cache_database.transaction() as session:
        for noise in (
            "",
            "{",
            "[]",
            "1",
            '{"kept": ["x"]}',
            '{"cleared": ["x"]}',
            '{"checked": [":"]}',
        ):
            await session.execute(text("select pg_notify(:c, :m)"), {"c": CHANNEL, "m": noise})
    await kept(first, chat("Another question?", id="c-9"))

    assert await found(first, chat()) is not None


def test_every_key_that_was_added_is_known_and_hardly_another() -> None:
    known = Known()
    keys = [number.to_bytes(32, "little") for number in range(1, 2_000)]
    hashed = [hashlib.blake2b(key, digest_size=32).digest() for key in keys]
    for key in hashed[:1_000]:
        known.add(key)

    assert all(key in known for key in hashed[:1_000])
    assert sum(key in known for key in hashed[1_000:]) <= 2


def test_messages_are_short_enough_for_postgresql() -> None:
    parts = messages("kept", ["ab" * 16] * 1_000)

    assert all(len(part) < 8_000 for part in parts)
    assert sum(part.count("ab" * 16) for part in parts) == 1_000
