"""What a look-up costs, in processor time."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from orchestra.gateway.cache.config import CacheSection
from orchestra.gateway.cache.measure.data import Labelled
from orchestra.gateway.cache.measure.stream import Floats, Scope
from orchestra.gateway.cache.response_cache import ResponseCache
from orchestra.gateway.cache.semantic.reading import read
from orchestra.gateway.cache.semantic.verifier import judge
from orchestra.gateway.testing.cache_calls import PLAN, answer, chat
from orchestra.vectors import Embedder

_ROUNDS = 5
Figures = dict[str, float]


async def exact_costs(calls: int = 2_000) -> Figures:
    """Microseconds of a hit and of a miss, among kept answers of 750 bytes, with a 1 KB prompt."""
    cache = ResponseCache(CacheSection())
    asked = [chat(f"{number} " + "word " * 200, id=str(number)) for number in range(calls)]
    new = [chat(f"{number} " + "other " * 170, id=f"m{number}") for number in range(calls)]
    told = answer()
    for call in asked:
        await cache.find(call, PLAN)
        cache.keep(call, replace(told, body=told.body + b" " * 350))

    async def looked(which: Sequence[object]) -> None:
        for call in which:
            await cache.find(call, PLAN)  # type: ignore[arg-type]  # calls, whichever of the two

    return {
        "hit_us": await _microseconds(lambda: looked(asked), calls),
        "miss_us": await _microseconds(lambda: looked(new), calls),
    }


async def semantic_costs(
    rows: Sequence[Labelled], vectors: Floats, embedder: Embedder, prompts: int = 200
) -> Figures:
    """Microseconds of one prompt: its vector, and the judgement on its candidates."""
    kept, asked = range(prompts, min(len(rows), prompts * 10)), range(min(prompts, len(rows)))
    scope = Scope(rows, vectors)
    for place in kept:
        scope.keep(place)
    near = [(rows[place].prompt, scope.nearest(place)) for place in asked]

    async def embedded() -> None:
        for place in asked:
            await embedder.embed([rows[place].prompt], "query")

    async def judged() -> None:
        read.cache_clear()
        for prompt, candidates in near:
            judge(prompt, candidates)

    return {
        "vector_us": await _microseconds(embedded, len(asked)),
        "judgement_us": await _microseconds(judged, len(asked)),
    }


async def _microseconds(work: Callable[[], Awaitable[None]], times: int) -> float:
    """The least of several rounds: what the work takes when nothing disturbs it."""
    rounds = []
    for _ in range(_ROUNDS):
        began = time.process_time()
        await work()
        rounds.append(time.process_time() - began)
    return min(rounds) / max(times, 1) * 1e6
