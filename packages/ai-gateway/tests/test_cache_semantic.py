"""A near prompt gets a kept answer only in its own scope, past the guards, and within the bound."""

import random
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from orchestra.gateway import MIGRATIONS
from orchestra.gateway.cache.config import CacheSection
from orchestra.gateway.cache.opening import opened_cache
from orchestra.gateway.cache.response_cache import ResponseCache
from orchestra.gateway.cache.semantic.calibration import Check
from orchestra.gateway.cache.semantic.families import Families
from orchestra.gateway.calls import Hit, ModelCall
from orchestra.gateway.testing.cache_calls import PLAN, answer, caller, chat, completion
from orchestra.shared.db import Database
from orchestra.shared.errors import Unavailable
from orchestra.shared.migrations import Migrations
from orchestra.shared.redaction import Redactor
from orchestra.shared.testing.postgres import TemporaryPostgres
from orchestra.vectors import Kind
from orchestra.vectors.embedders.hashing import HashingEmbedder
from orchestra.vectors.indexes.pgvector import PgVectorStore

LOOSE = CacheSection(near=True, false_hits=0.5, confidence=0.8, checks=1e-9)
"""Ten right checks open a family."""
OPENINGS = (
    "please", "kindly", "hello", "ok", "could you", "can you", "would you", "hi", "well", "now",
    "hey", "actually", "thanks", "also", "so",
)  # fmt: skip
QUESTION = "which tests failed in the last run"
SEMANTIC = {"x-orchestra-cache": "semantic"}


def near_chat(prompt: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> ModelCall:  # noqa: ANN401 - fields of a body
    return chat(prompt, headers={**SEMANTIC, **(headers or {})}, **more)


class Threads(HashingEmbedder):
    """Remembers where it ran."""

    def __init__(self) -> None:
        super().__init__(256)
        self.ran: set[int] = set()
        self.broken: Exception | None = None

    async def embed(self, texts: Sequence[str], kind: Kind = "document") -> "np.ndarray[Any, Any]":
        self.ran.add(threading.get_ident())
        if self.broken is not None:
            raise self.broken
        return await super().embed(texts, kind)


@pytest.fixture
def embedder() -> Threads:
    return Threads()


@pytest.fixture
async def cache(cache_database: Database, embedder: Threads) -> AsyncIterator[ResponseCache]:
    random.seed(3)
    vectors = PgVectorStore(cache_database)
    async with opened_cache(
        LOOSE, cache_database, Redactor(), embedder=embedder, vectors=vectors, patience=20
    ) as cache:
        yield cache


async def ask(cache: ResponseCache, call: ModelCall, says: str = "test_a") -> Hit | None:
    """Ask; where the cache has nothing, the model answers and the cache learns it."""
    call = replace(call, id=f"{call.body!r}")
    hit = await cache.find(call, PLAN)
    if hit is None:
        cache.keep(call, answer(completion(says)))
        await cache.settled()
    return hit


async def opened(cache: ResponseCache) -> None:
    for opening in OPENINGS[:12]:
        await ask(cache, near_chat(f"{opening} {QUESTION}"))


@pytest.mark.requirement("gw.cache")
async def test_a_family_is_closed_until_its_checks_show_that_it_is_safe(
    cache: ResponseCache, embedder: Threads
) -> None:
    hits = [await ask(cache, near_chat(f"{opening} {QUESTION}")) for opening in OPENINGS]

    assert not any(hits[:10])
    assert any(hit is not None and hit.kind == "semantic" for hit in hits[11:])
    figures = await cache.figures()
    assert figures.shadow_checks >= 9
    assert figures.families[0].state == "open"
    assert figures.families[0].bound <= 0.5
    assert threading.get_ident() not in embedder.ran


@pytest.mark.requirement("gw.cache")
async def test_the_hit_says_how_near_it_is_and_what_is_promised(cache: ResponseCache) -> None:
    await opened(cache)
    hit = await ask(cache, near_chat(f"so then {QUESTION}"))

    assert hit is not None
    assert hit.note.startswith("sim=0.")
    assert ";bound=0." in hit.note
    assert b"test_a" in hit.answer.body


@pytest.mark.requirement("gw.cache")
async def test_a_family_whose_checks_come_out_wrong_stays_closed(cache: ResponseCache) -> None:
    for number, opening in enumerate(OPENINGS):
        hit = await ask(cache, near_chat(f"{opening} {QUESTION}"), says=f"test_{number}")
        assert hit is None

    assert (await cache.figures()).families[0].state == "too many false hits"


@pytest.mark.requirement("gw.cache")
async def test_a_prompt_that_asks_for_something_else_is_a_miss(cache: ResponseCache) -> None:
    await opened(cache)
    for prompt in (
        "which tests failed in the last 2 runs",
        "which tests did not fail in the last run",
        "which tests passed in the last run",
        "when have tests failed in the last run",
        "which tests failed in the last run of CI",
    ):
        assert await ask(cache, near_chat(prompt)) is None

    assert await ask(cache, near_chat(f"so then {QUESTION}")) is not None


@pytest.mark.requirement("gw.cache")
async def test_no_other_scope_is_looked_into(cache: ResponseCache) -> None:
    await opened(cache)
    prompt = f"so then {QUESTION}"
    others = [
        near_chat(prompt, who=caller("p-2", "bob")),
        near_chat(prompt, system="Be long."),
        near_chat(prompt, user="u-2"),
        near_chat(prompt, temperature=0.2),
        near_chat(prompt, model="large"),
        near_chat(prompt, headers={"x-orchestra-commit": "b" * 40}),
        near_chat(prompt, headers={"x-orchestra-repository": "other"}),
        near_chat(prompt, response_format={"type": "json_object"}),
    ]
    for other in others:
        assert await cache.find(other, PLAN) is None
    assert await cache.find(near_chat(prompt), PLAN) is not None


@pytest.mark.requirement("gw.cache")
async def test_only_short_questions_without_tools_that_opted_in_are_answered_so(
    cache: ResponseCache,
) -> None:
    await opened(cache)
    prompt = f"so then {QUESTION}"
    talk = [{"role": "user", "content": "x"}] * 5
    others = [
        chat(prompt),
        near_chat(prompt, headers={"user-agent": "claude-cli/2.1"}),
        near_chat(prompt, tools=[{"type": "function"}]),
        near_chat(prompt, messages=[*talk, {"role": "user", "content": prompt}]),
        near_chat(prompt + " " + "very " * 500),
    ]
    for other in others:
        assert await cache.find(other, PLAN) is None


@pytest.mark.requirement("gw.cache")
async def test_whatever_fails_is_a_miss(cache: ResponseCache, embedder: Threads) -> None:
    await opened(cache)
    for number, error in enumerate((Unavailable("no vectors today"), IndexError("a mistake"))):
        embedder.broken = error
        assert await cache.find(near_chat(f"so then {QUESTION}"), PLAN) is None
        assert (await cache.figures()).stopped["failure"] == number + 1


@pytest.mark.requirement("gw.cache")
async def test_a_database_without_vectors_is_a_miss_too(
    postgres: TemporaryPostgres, embedder: Threads
) -> None:
    database = Database(postgres.create_database())
    await Migrations(database, [MIGRATIONS]).apply()
    vectors = PgVectorStore(database)
    async with opened_cache(
        LOOSE, database, Redactor(), embedder=embedder, vectors=vectors, patience=20
    ) as cache:
        assert await ask(cache, near_chat(QUESTION)) is None
        assert await ask(cache, near_chat(f"please {QUESTION}")) is None
        assert await ask(cache, near_chat(QUESTION)) is not None  # the exact tier goes on
    await database.close()


@pytest.mark.requirement("gw.cache")
async def test_where_all_near_answers_are_checked_none_is_given(
    cache_database: Database, embedder: Threads
) -> None:
    section = LOOSE.model_copy(update={"checks": 0.999})
    vectors = PgVectorStore(cache_database)
    async with opened_cache(
        section, cache_database, Redactor(), embedder=embedder, vectors=vectors, patience=20
    ) as cache:
        await opened(cache)
        assert await ask(cache, near_chat(f"so then {QUESTION}")) is None
        assert (await cache.figures()).families[0].state == "open"
        assert (await cache.figures()).semantic_hits == 0


@pytest.mark.requirement("gw.cache")
@pytest.mark.parametrize("heard", [False, True], ids=["its own", "another process's"])
async def test_wrong_checks_close_what_was_open(heard: bool) -> None:
    families, family = Families(None, target=0.5, confidence=0.8), b"f"
    await families.find(family, "a family")
    for _ in range(12):
        await families.check(family, "a family", Check(10.9, True))
    assert (await families.find(family, "a family")).calibration.is_open

    for _ in range(12):
        if heard:
            families.heard(f"{family.hex()}:other:10.95:0")
        else:
            await families.check(family, "a family", Check(10.95, False))

    assert (await families.find(family, "a family")).calibration.why == "too many false hits"


@pytest.mark.requirement("gw.cache")
async def test_what_was_learned_outlives_the_process_and_what_was_cleared_does_not_serve(
    cache: ResponseCache, cache_database: Database, embedder: Threads
) -> None:
    await opened(cache)
    prompt = f"so then {QUESTION}"
    vectors = PgVectorStore(cache_database)
    async with opened_cache(
        LOOSE, cache_database, Redactor(), embedder=embedder, vectors=vectors, patience=20
    ) as other:
        assert await other.find(near_chat(prompt), PLAN) is not None
        assert await cache.clear() >= 9
        assert await cache.find(near_chat(prompt), PLAN) is None
