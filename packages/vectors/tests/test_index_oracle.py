"""Random histories give what exact arithmetic gives; graphs find nearly all of it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from orchestra.vectors import (
    AnyOf,
    Condition,
    Equals,
    Match,
    Range,
    Record,
    VectorIndex,
)
from orchestra.vectors.testing.exact import ExactIndex
from orchestra.vectors.testing.trial import Trial

pytestmark = pytest.mark.requirement("vec.indexes")

IDS = st.sampled_from([f"f{n}.py" for n in range(12)] + ["ä", "日本", "🙂"])
VECTORS = st.lists(st.integers(-3, 3), min_size=4, max_size=4).filter(any)
WORDS = st.sampled_from(["python", "go", "Go", "", " ", "日本", "a,b", "x" * 300, "true", "1"])
NUMBERS = st.one_of(
    st.integers(-5, 5),
    st.sampled_from([0.5, -0.0, 1e300, -1e300, 2**53, 1e-300]),
    st.floats(-10, 10, allow_nan=False),
)
SCALARS = st.one_of(WORDS, NUMBERS, st.booleans())
FIELDS = st.sampled_from(["lang", "lines", "tags", "Lines", "a_1"])
METADATA = st.dictionaries(FIELDS, st.one_of(SCALARS, st.lists(WORDS, max_size=3)), max_size=4)
RECORDS = st.lists(st.builds(Record, IDS, VECTORS, METADATA), max_size=6)
BOUND = st.one_of(st.none(), NUMBERS)
CONDITIONS = st.one_of(
    st.builds(Equals, FIELDS, SCALARS),
    st.builds(AnyOf, FIELDS, st.lists(SCALARS, max_size=3)),
    st.builds(Range, FIELDS, at_least=BOUND, above=BOUND, at_most=BOUND, below=BOUND),
)
FILTERS = st.lists(CONDITIONS, max_size=2)
STEPS = st.one_of(
    st.tuples(st.just("upsert"), RECORDS),
    st.tuples(st.just("delete"), st.lists(IDS, max_size=4)),
    st.tuples(st.just("where"), FILTERS),
    st.tuples(st.just("search"), st.tuples(VECTORS, st.integers(1, 8), FILTERS)),
    st.just(("clear", None)),
)


async def take(index: VectorIndex, step: tuple[str, Any]) -> list[Match]:
    what, given = step
    if what == "upsert":
        await index.upsert(given)
    elif what == "delete":
        await index.delete(given)
    elif what == "where":
        await index.delete(where=given)
    elif what == "clear":
        await index.clear()
    else:
        return await index.search(*given)
    return []


def alike(found: Sequence[Match], every: Sequence[Match], limit: int) -> None:
    """`found` are the best of `every`, whichever of those that are equally near."""
    truth = {match.id: match for match in every}
    assert len({match.id for match in found}) == len(found) == min(limit, len(every))
    for match, best in zip(found, every, strict=False):
        assert match.score == pytest.approx(best.score, abs=1e-3)
        assert match.score == pytest.approx(truth[match.id].score, abs=1e-5)
        assert match.metadata == truth[match.id].metadata


@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, min_size=3, max_size=10), last=st.tuples(VECTORS, FILTERS))
async def test_a_random_history_is_answered_like_the_oracle(
    trial: Trial, steps: list[tuple[str, Any]], last: tuple[list[int], list[Condition]]
) -> None:
    index, oracle = trial.fresh(), ExactIndex("oracle", 4)

    for step in [*steps, ("search", (last[0], 8, last[1])), ("search", (last[0], 1000, []))]:
        found, expected = await take(index, step), await take(oracle, step)
        if step[0] == "search":
            vector, limit, where = step[1]
            alike(found, await oracle.search(vector, 1000, where), limit)
            assert len(found) == len(expected)
    assert await index.count() == await oracle.count()


def cloud(number: int, dimension: int, seed: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Points around twenty centres, as embeddings of one repository are."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(20, dimension))
    return centres[random.integers(20, size=number)] + 0.6 * random.normal(size=(number, dimension))


async def test_of_the_truly_nearest_nearly_all_are_found(trial: Trial) -> None:
    points, queries = cloud(2000, 32, 1), cloud(20, 32, 1 + 1)
    index, oracle = trial.fresh(32), ExactIndex("oracle", 32)
    records = [
        Record(f"r{n}", point.tolist(), {"kind": "rare" if n % 20 == 0 else "plain", "n": n})
        for n, point in enumerate(points)
    ]
    await index.upsert(records)
    await oracle.upsert(records)
    least = 1.0 if trial.name in {"exact", "pgvector"} else 0.95

    for where in ([], [Equals("kind", "rare")], [Range("n", below=900)]):
        hits = 0
        for query in queries:
            found = await index.search(query.tolist(), 10, where)
            best = await oracle.search(query.tolist(), 10, where)
            assert len(found) == 10
            hits += len({m.id for m in found} & {m.id for m in best})
        assert hits / (10 * len(queries)) >= least, where
