"""What every vector store does alike."""

import asyncio
import math

import pytest
from orchestra.shared.errors import Invalid, OrchestraError, TooLarge
from orchestra.vectors import AnyOf, Condition, Equals, Match, Range, Record, VectorIndex
from orchestra.vectors.testing.exact import ExactStore
from orchestra.vectors.testing.trial import Trial

pytestmark = pytest.mark.requirement("vec.indexes")

ODD_IDS = [
    "src/app.py#L1-60",
    "größe/日本語/🙂",
    "a b\tc\nd",
    "'; drop table vectors; --",
    '"quoted" \\ back',
    "../up",
    "%2e%2e",
    "é",
    "e\u0301",
    "ü" * 256,
    "A",
    "a",
]
LANGUAGES = [
    Record(
        "py", [1, 0, 0, 0], {"lang": "python", "lines": 10, "tags": ["web", "api"], "test": False}
    ),
    Record("go", [1, 0.1, 0, 0], {"lang": "go", "lines": 20.5, "tags": ["api"], "test": True}),
    Record("js", [1, 0.2, 0, 0], {"lang": "JavaScript", "lines": 30, "tags": ["web ui"]}),
    Record("one", [1, 0.3, 0, 0], {"lang": 1, "lines": -5, "tags": []}),
    Record("none", [1, 0.4, 0, 0]),
    Record("true", [1, 0.5, 0, 0], {"lang": True, "lines": "10"}),
]


def ids(matches: list[Match]) -> list[str]:
    return [match.id for match in matches]


async def test_the_nearest_come_first_with_their_cosine_and_their_metadata(
    trial: Trial,
) -> None:
    index = trial.fresh()
    await index.upsert(
        [
            Record("same", [2, 0, 0, 0], {"kind": "code", "lines": 3, "score": 0.5, "ok": True}),
            Record("near", [1, 1, 0, 0], {"tags": ["a", "b"]}),
            Record("across", [0, 5, 0, 0]),
            Record("opposite", [-1, 0, 0, 0]),
        ]
    )

    found = await index.search([7, 0, 0, 0], 4)

    assert ids(found) == ["same", "near", "across", "opposite"]
    assert [m.score for m in found] == pytest.approx([1, math.sqrt(0.5), 0, -1], abs=1e-3)
    assert all(-1 <= m.score <= 1 for m in found)
    assert found[0].metadata == {"kind": "code", "lines": 3, "score": 0.5, "ok": True}
    assert found[1].metadata == {"tags": ["a", "b"]}
    assert ids(await index.search([7, 0, 0, 0], 2)) == ["same", "near"]


async def test_upsert_again_changes_nothing_and_upsert_anew_replaces_all(
    trial: Trial,
) -> None:
    index = trial.fresh()
    record = Record("a", [1, 0, 0, 0], {"lang": "python", "lines": 1})
    await index.upsert([record])
    await index.upsert([record])

    assert await index.count() == 1

    await index.upsert([Record("a", [9, 9, 9, 9]), Record("a", [0, 1, 0, 0], {"lang": "go"})])

    assert await index.count() == 1
    (found,) = await index.search([0, 1, 0, 0], 5)
    assert (found.id, found.metadata) == ("a", {"lang": "go"})
    assert found.score == pytest.approx(1)
    assert await index.search([0, 1, 0, 0], 5, [Range("lines", at_least=0)]) == []


async def test_an_index_that_nobody_wrote_to_is_empty(trial: Trial) -> None:
    index = trial.fresh()

    assert await index.count() == 0
    assert await index.search([1, 0, 0, 0], 3) == []
    await index.delete(["a"])
    await index.delete(where=[Equals("lang", "go")])
    await index.clear()
    await index.upsert([])
    assert await index.count() == 0


async def test_ids_of_every_script_come_back_as_they_were(trial: Trial) -> None:
    index = trial.fresh()
    await index.upsert([Record(id, [1, n, 0, 0]) for n, id in enumerate(ODD_IDS)])

    assert sorted(ids(await index.search([1, 1, 0, 0], 100))) == sorted(ODD_IDS)
    await index.delete(ODD_IDS[:6])
    assert sorted(ids(await index.search([1, 1, 0, 0], 100))) == sorted(ODD_IDS[6:])


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ([Equals("lang", "python")], ["py"]),
        ([Equals("lang", "Python")], []),
        ([Equals("lang", "python ")], []),
        ([Equals("lang", 1)], ["one"]),
        ([Equals("lang", 1.0)], ["one"]),
        ([Equals("lang", True)], ["true"]),
        ([Equals("lang", "1")], []),
        ([Equals("test", False)], ["py"]),
        ([Equals("tags", "api")], ["go", "py"]),
        ([Equals("tags", "web")], ["py"]),
        ([Equals("tags", "web ui")], ["js"]),
        ([Equals("nowhere", "x")], []),
        ([AnyOf("lang", ["go", "JavaScript", "rust"])], ["go", "js"]),
        ([AnyOf("lang", ["go", 1, True])], ["go", "one", "true"]),
        ([AnyOf("tags", ["web", "web ui"])], ["js", "py"]),
        ([AnyOf("lang", [])], []),
        ([Range("lines", at_least=10)], ["go", "js", "py"]),
        ([Range("lines", above=10)], ["go", "js"]),
        ([Range("lines", at_least=-5, below=20.5)], ["one", "py"]),
        ([Range("lines", at_most=20.5, above=0)], ["go", "py"]),
        ([Range("lines")], ["go", "js", "one", "py"]),
        ([Range("lang", at_least=0)], ["one"]),
        ([Range("nowhere", at_least=0)], []),
        ([Range("lines", at_least=5, at_most=4)], []),
        ([Equals("tags", "api"), Range("lines", above=15)], ["go"]),
        ([Equals("tags", "api"), Equals("tags", "web")], ["py"]),
        ([Equals("lang", "go"), Equals("lang", "python")], []),
        ([], ["go", "js", "none", "one", "py", "true"]),
    ],
)
async def test_filters_mean_the_same_everywhere(
    trial: Trial, where: list[Condition], expected: list[str]
) -> None:
    index = trial.fresh()
    await index.upsert(LANGUAGES)

    assert sorted(ids(await index.search([1, 0, 0, 0], 10, where))) == expected

    await index.delete(where=where)
    left = sorted({record.id for record in LANGUAGES} - set(expected if where else []))
    assert sorted(ids(await index.search([1, 0, 0, 0], 10))) == left


async def test_namespaces_see_nothing_of_each_other(trial: Trial) -> None:
    one, other = trial.fresh(), trial.fresh()
    wider = trial.store.index(one.namespace, 5)
    await one.upsert([Record("a", [1, 0, 0, 0], {"of": "one"}), Record("b", [0, 1, 0, 0])])
    await other.upsert([Record("a", [1, 0, 0, 0], {"of": "other"})])
    await wider.upsert([Record("a", [1, 0, 0, 0, 0], {"of": "wider"})])

    assert [m.metadata for m in await other.search([1, 0, 0, 0], 9)] == [{"of": "other"}]
    await other.delete(["a", "b"])
    await other.delete(where=[Equals("of", "one")])
    await wider.clear()
    assert await other.count() == 0
    assert await wider.count() == 0
    assert await one.count() == 2
    assert ids(await one.search([1, 0, 0, 0], 9)) == ["a", "b"]


async def test_a_second_look_at_a_namespace_finds_what_the_first_wrote(trial: Trial) -> None:
    index = trial.fresh()
    await index.upsert([Record("a", [1, 0, 0, 0])])

    again = trial.store.index(index.namespace, 4)

    assert await again.count() == 1
    await index.clear()
    assert await again.search([1, 0, 0, 0], 1) == []
    await index.upsert([Record("b", [1, 0, 0, 0])])
    assert ids(await again.search([1, 0, 0, 0], 1)) == ["b"]


async def test_writers_at_the_same_time_lose_nothing(trial: Trial) -> None:
    namespace = trial.fresh().namespace

    async def write(writer: int) -> None:
        index = trial.store.index(namespace, 4)
        for turn in range(3):
            records = [Record(f"shared-{n}", [1, n, 0, 0], {"w": writer}) for n in range(9)]
            await index.upsert([*records, Record(f"own-{writer}-{turn}", [1, 0, writer, turn])])

    async with asyncio.timeout(60):
        await asyncio.gather(*(write(writer) for writer in range(1, 6)))

    index = trial.store.index(namespace, 4)
    assert await index.count() == 9 + 5 * 3
    found = await index.search([1, 1, 1, 1], 100)
    assert len({match.id for match in found}) == 24


@pytest.mark.parametrize(
    ("record", "says"),
    [
        (Record("a", [1, 0, 0]), r"shape `\(3,\)`"),
        (Record("a", []), r"shape `\(0,\)`"),
        (Record("a", [[1, 0, 0, 0]]), "shape"),  # type: ignore[list-item]  # on purpose
        (Record("a", ["x", 0, 0, 0]), "not a list of numbers"),  # type: ignore[list-item]  # on purpose
        (Record("a", [math.nan, 0, 0, 0]), "NaN"),
        (Record("a", [math.inf, 0, 0, 0]), "NaN or infinity"),
        (Record("a", [0, 0, 0, 0]), "no direction"),
        (Record("", [1, 0, 0, 0]), "0 bytes"),
        (Record("é" * 257, [1, 0, 0, 0]), "514 bytes"),
        (Record("a\0", [1, 0, 0, 0]), "not text"),
        (Record("\ud800", [1, 0, 0, 0]), "not text"),
        (Record("a", [1, 0, 0, 0], {"a b": 1}), "name of a field"),
        (Record("a", [1, 0, 0, 0], {"$or": 1}), "name of a field"),
        (Record("a", [1, 0, 0, 0], {"x": math.nan}), "cannot be"),
        (Record("a", [1, 0, 0, 0], {"x": 2**53 + 1}), "cannot be"),
        (Record("a", [1, 0, 0, 0], {"x": None}), "NoneType"),  # type: ignore[dict-item]  # on purpose
        (Record("a", [1, 0, 0, 0], {"x": {"y": 1}}), "dict"),  # type: ignore[dict-item]  # on purpose
        (Record("a", [1, 0, 0, 0], {"x": [1]}), "not text"),  # type: ignore[list-item]  # on purpose
        (Record("a", [1, 0, 0, 0], {"x": "z" * 20_000}), "larger than"),
    ],
)
async def test_what_cannot_be_stored_is_refused_and_nothing_of_it_stays(
    trial: Trial, record: Record, says: str
) -> None:
    index = trial.fresh()

    with pytest.raises((Invalid, TooLarge), match=says) as refused:
        await index.upsert([Record("good", [1, 0, 0, 0]), record])

    assert refused.value.hint
    assert await index.count() == 0


async def test_what_cannot_be_asked_is_refused(trial: Trial) -> None:
    index = trial.fresh()
    asked: list[tuple[object, int, list[Condition]]] = [
        ([1, 0, 0], 1, []),
        ([0, 0, 0, 0], 1, []),
        ([1, 0, 0, 0], 0, []),
        ([1, 0, 0, 0], 1001, []),
        ([1, 0, 0, 0], 1, [Equals("a.b", 1)]),
        ([1, 0, 0, 0], 1, [Equals("x", math.inf)]),
        ([1, 0, 0, 0], 1, [Range("x", at_least=math.nan)]),
        ([1, 0, 0, 0], 1, [Range("x", at_least="1")]),  # type: ignore[arg-type]  # on purpose
        ([1, 0, 0, 0], 1, [Equals("x", 1)] * 33),
        ([1, 0, 0, 0], 1, [AnyOf("x", list(range(1001)))]),
    ]

    for vector, limit, where in asked:
        with pytest.raises(OrchestraError) as refused:
            await index.search(vector, limit, where)  # type: ignore[arg-type]  # on purpose
        assert refused.value.status in (413, 422)
    with pytest.raises(TooLarge):
        await index.upsert([Record("a", [1, 0, 0, 0])] * 10_001)
    with pytest.raises(Invalid):
        await index.delete("abc")


def test_a_namespace_or_dimension_that_no_store_could_keep_is_refused() -> None:
    for namespace, dimension in (
        ("", 4),
        ("a b", 4),
        ("é", 4),
        ("a" * 201, 4),
        ("a", 0),
        ("a", 4001),
    ):
        with pytest.raises(Invalid):
            ExactStore().index(namespace, dimension)


async def test_many_records_at_once_are_all_kept(trial: Trial) -> None:
    index: VectorIndex = trial.fresh()
    await index.upsert(
        [Record(f"r{n}", [math.cos(n), math.sin(n), 0, 0], {"n": n}) for n in range(1500)]
    )

    assert await index.count() == 1500
    await index.delete(where=[Range("n", at_least=300)])
    assert await index.count() == 300
    found = await index.search([1, 0, 0, 0], 1000)
    assert len(found) == 300
    await index.clear()
    assert await index.count() == 0


async def test_a_store_says_what_it_is(trial: Trial) -> None:
    health = await trial.store.health()

    assert trial.name.startswith(health.store)
    assert health.version
