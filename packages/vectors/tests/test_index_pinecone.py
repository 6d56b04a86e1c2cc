"""What only Pinecone can get wrong: its wire, its limits, its key."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from orchestra.shared.errors import Invalid, TooLarge, TooManyRequests, Unavailable
from orchestra.shared.settings import Settings
from orchestra.shared.testing.http_service import Fault, Reply
from orchestra.vectors import Equals, Record, open_store
from orchestra.vectors.indexes.pinecone import PineconeStore
from orchestra.vectors.indexes.pinecone_records import id_of
from orchestra.vectors.testing.pinecone import FakePinecone
from orchestra.vectors.testing.settled import SettledStore
from pydantic import SecretStr

pytestmark = pytest.mark.requirement("vec.indexes")

AT_ONCE = {"retry-after": "0"}
BUSY = Fault(Reply({"code": 8, "message": "Too many requests"}, 429, AT_ONCE))
BROKEN = Fault(Reply({"code": 13, "message": "internal"}, 500, AT_ONCE))
DROPPED, SLOW = Fault(drop=True), Fault(hang=True)


@pytest.fixture
async def double() -> AsyncIterator[FakePinecone]:
    async with FakePinecone("a-key-of-the-double") as double:
        yield double


@pytest.fixture
async def store(double: FakePinecone) -> AsyncIterator[PineconeStore]:
    store = PineconeStore(SecretStr(double.key), url=double.url)
    yield store
    await store.close()


@pytest.mark.parametrize("fault", [BUSY, BROKEN, DROPPED], ids=["429", "500", "dropped"])
async def test_a_call_that_failed_is_made_again(
    store: PineconeStore, double: FakePinecone, fault: Fault
) -> None:
    index = store.index("a", 2)
    double.fail(fault)
    await index.upsert([Record("a", [1, 0])])
    double.data_faults.append(fault)

    assert [match.id for match in await index.search([1, 0], 1)] == ["a"]


async def test_what_fails_too_often_is_said(store: PineconeStore, double: FakePinecone) -> None:
    index = store.index("a", 2)
    await index.upsert([Record("a", [1, 0])])

    double.data_faults.extend([BUSY] * 4)
    with pytest.raises(TooManyRequests):
        await index.search([1, 0], 1)
    double.data_faults.extend([BROKEN] * 4)
    with pytest.raises(Unavailable, match="Pinecone failed"):
        await index.upsert([Record("a", [1, 0])])
    double.data_faults.append(Fault(Reply({"code": 11, "message": "too large"}, 413)))
    with pytest.raises(TooLarge):
        await index.upsert([Record("a", [1, 0])])
    double.data_faults.append(Fault(Reply({"code": 3, "message": "no such thing"}, 400)))
    with pytest.raises(Invalid, match="no such thing"):
        await index.count()


async def test_a_service_that_does_not_answer_is_given_up(double: FakePinecone) -> None:
    store = PineconeStore(SecretStr(double.key), url=double.url, timeout=0.2)
    index = store.index("a", 2)
    await index.upsert([Record("a", [1, 0])])

    double.data_faults.extend([SLOW] * 4)
    with pytest.raises(Unavailable, match="did not answer"):
        await index.search([1, 0], 1)
    await store.close()


async def test_a_service_that_is_not_there_is_unavailable() -> None:
    store = PineconeStore(SecretStr("any"), url="http://127.0.0.1:9")

    with pytest.raises(Unavailable):
        await store.health()
    await store.close()


async def test_a_key_that_is_refused_is_said_to_be_and_never_shown(double: FakePinecone) -> None:
    store = PineconeStore(SecretStr("not-the-key-that-it-wants"), url=double.url)

    with pytest.raises(Unavailable, match="refuses") as refused:
        await store.index("a", 2).upsert([Record("a", [1, 0])])

    assert "PINECONE_API_KEY" in refused.value.hint
    assert "not-the-key" not in str(refused.value)
    await store.close()


async def test_two_that_make_the_same_index_share_it(double: FakePinecone) -> None:
    stores = [PineconeStore(SecretStr(double.key), url=double.url) for _ in range(3)]

    async with asyncio.timeout(30):
        await asyncio.gather(
            *(s.index("a", 2).upsert([Record(f"r{n}", [1, n])]) for n, s in enumerate(stores))
        )

    assert await stores[0].index("a", 2).count() == 3
    assert list(double.indexes) == ["orchestra-2"]
    for store in stores:
        await store.close()


async def test_large_records_are_sent_in_portions_that_are_taken(
    store: PineconeStore, double: FakePinecone
) -> None:
    index = store.index("a", 1024)
    records = [Record(f"r{n}", [1.0 + n + i for i in range(1024)]) for n in range(120)]
    await index.upsert([Record(r.id, r.vector, {"text": "x" * 16_000}) for r in records])

    assert await index.count() == 120


async def test_reading_makes_no_index(store: PineconeStore, double: FakePinecone) -> None:
    index = store.index("a", 2)

    assert await index.search([1, 0], 1) == []
    await index.delete(where=[Equals("a", 1)])
    assert double.indexes == {}


async def test_metadata_can_be_read_by_others(store: PineconeStore, double: FakePinecone) -> None:
    await store.index("a", 2).upsert([Record("ä", [1, 0], {"lang": "go"})])

    host = double.indexes["orchestra-2"]["host"]
    sent = [r for plane in double.planes if plane.url == host for r in plane.requests]
    (vector,) = json.loads(sent[-1].body)["vectors"]
    assert vector["id"] == "%C3%A4"
    assert vector["metadata"] == {"lang": "go", "_id": "ä"}


def test_ids_in_pinecone_are_ascii_short_and_distinct() -> None:
    ids = ["a", "ä", "%C3%A4", "ü" * 256, "ü" * 255 + "u", "a\nb", "src/app.py#L1-60"]

    known = [id_of(id) for id in ids]

    assert len(set(known)) == len(ids)
    assert all(id.isascii() and id.isprintable() and len(id) <= 512 for id in known)
    assert known[-1] == "src/app.py#L1-60"


async def test_what_is_seen_late_can_be_waited_for(
    store: PineconeStore, double: FakePinecone
) -> None:
    index = SettledStore(store).index("a", 2)

    await index.upsert([Record("a", [1, 0]), Record("b", [0, 1], {"n": 1})])
    await index.delete(["a"])
    assert [match.id for match in await index.search([1, 0], 5)] == ["b"]
    await index.clear()
    assert await index.count() == 0


async def test_a_key_is_needed() -> None:
    with pytest.raises(Invalid, match="no key"):
        await open_store(Settings(vector_store="pinecone", pinecone_api_key=None))


async def test_the_settings_lead_to_pinecone(double: FakePinecone) -> None:
    settings = Settings(
        vector_store="pinecone", pinecone_api_key=SecretStr(double.key), pinecone_url=double.url
    )

    store = await open_store(settings)

    assert (await store.health()).store == "pinecone"
    await store.close()
