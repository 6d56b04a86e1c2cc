"""What only Weaviate can get wrong: its wire, its server, its key."""

import stat
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from orchestra.shared.errors import Conflict, Invalid, TooManyRequests, Unavailable
from orchestra.shared.settings import Settings
from orchestra.shared.testing.http_service import Fault, Reply
from orchestra.vectors import Record, open_store
from orchestra.vectors.indexes.weaviate import WeaviateStore
from orchestra.vectors.indexes.weaviate_schema import property_of, tenant_of
from orchestra.vectors.indexes.weaviate_server import WeaviateServer
from orchestra.vectors.retry import Retry
from orchestra.vectors.testing.weaviate import FakeWeaviate
from pydantic import SecretStr

pytestmark = pytest.mark.requirement("vec.indexes")

QUICK = Retry(attempts=3, first=0.001, most=0.01)
BUSY, BROKEN = Fault(Reply({"error": "busy"}, 429)), Fault(Reply({"error": "broken"}, 500))
DROPPED, SLOW = Fault(drop=True), Fault(hang=True)


@pytest.fixture
async def double() -> AsyncIterator[FakeWeaviate]:
    async with FakeWeaviate("a-key-of-the-double") as double:
        yield double


@pytest.fixture
async def store(double: FakeWeaviate) -> AsyncIterator[WeaviateStore]:
    key = SecretStr(double.key)
    store = WeaviateStore(double.url, grpc=double.grpc, key=key, retry=QUICK, timeout=2)
    yield store
    await store.close()


@pytest.mark.parametrize("fault", [BUSY, BROKEN, DROPPED], ids=["429", "500", "dropped"])
async def test_a_schema_call_that_failed_is_made_again(
    store: WeaviateStore, double: FakeWeaviate, fault: Fault
) -> None:
    double.fail(fault, fault)

    await store.index("a", 2).upsert([Record("a", [1, 0], {"n": 1})])

    assert await store.index("a", 2).count() == 1


@pytest.mark.parametrize(
    "code",
    [grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNAVAILABLE],
    ids=lambda code: code.name,
)
async def test_a_call_that_failed_is_made_again(
    store: WeaviateStore, double: FakeWeaviate, code: grpc.StatusCode
) -> None:
    index = store.index("a", 2)
    await index.upsert([Record("a", [1, 0])])
    double.calls.faults.append(code)

    assert [match.id for match in await index.search([1, 0], 1)] == ["a"]


async def test_what_fails_too_often_is_said(store: WeaviateStore, double: FakeWeaviate) -> None:
    index = store.index("a", 2)
    await index.upsert([Record("a", [1, 0])])

    double.calls.faults.extend([grpc.StatusCode.RESOURCE_EXHAUSTED] * 3)
    with pytest.raises(TooManyRequests):
        await index.search([1, 0], 1)
    double.calls.faults.extend([grpc.StatusCode.INTERNAL] * 3)
    with pytest.raises(Unavailable, match="Weaviate failed"):
        await index.upsert([Record("a", [1, 0])])
    double.fail(*[BROKEN] * 3)
    with pytest.raises(Unavailable, match="Weaviate failed"):
        await store.index("a", 3).count()


async def test_a_server_that_does_not_answer_is_given_up(double: FakeWeaviate) -> None:
    store = WeaviateStore(
        double.url, grpc=double.grpc, key=SecretStr(double.key), retry=Retry(1), timeout=1
    )
    index = store.index("a", 2)
    await index.upsert([Record("a", [1, 0])])

    double.calls.faults.append(None)
    with pytest.raises(Unavailable):
        await index.search([1, 0], 1)
    double.fail(SLOW)
    with pytest.raises(Unavailable):
        await store.health()
    await store.close()


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    store = WeaviateStore("http://127.0.0.1:9", grpc="127.0.0.1:7", retry=QUICK, timeout=2)

    for call in (store.health(), store.index("a", 2).count()):
        with pytest.raises(Unavailable):
            await call
    await store.close()


async def test_a_key_that_is_refused_is_said_to_be(double: FakeWeaviate) -> None:
    store = WeaviateStore(double.url, grpc=double.grpc, key=SecretStr("wrong"), retry=QUICK)

    with pytest.raises(Unavailable, match="refuses the key") as refused:
        await store.index("a", 2).upsert([Record("a", [1, 0])])

    assert "WEAVIATE_API_KEY" in refused.value.hint
    await store.close()


async def test_a_property_that_another_process_adds_is_found(
    store: WeaviateStore, double: FakeWeaviate
) -> None:
    other = WeaviateStore(double.url, grpc=double.grpc, key=SecretStr(double.key), retry=QUICK)
    await store.index("a", 2).upsert([Record("a", [1, 0], {"n": 1})])
    await other.index("b", 2).upsert([Record("b", [1, 0], {"m": 1})])

    await store.index("a", 2).upsert([Record("c", [1, 0], {"m": 1, "M": 2})])
    await other.index("a", 2).upsert([Record("d", [1, 0], {"M": 2})])

    assert await other.index("a", 2).count() == 3
    await other.close()


def test_names_in_weaviate_are_distinct_and_fit() -> None:
    assert tenant_of("a/b") != tenant_of("a-b")
    assert len(tenant_of("x" * 200)) <= 64
    assert len({property_of(field).lower() for field in ("lines", "Lines", "LINES")}) == 3


async def test_an_address_is_needed_and_must_be_one() -> None:
    with pytest.raises(Invalid, match="no address"):
        await open_store(Settings(vector_store="weaviate", weaviate_url=None, weaviate_bin=None))
    with pytest.raises(Invalid, match="two doors"):
        WeaviateStore("http://127.0.0.1:9", grpc="127.0.0.1:9")
    with pytest.raises(Invalid, match="not the address"):
        await open_store(Settings(vector_store="weaviate", weaviate_url="weaviate:8080"))


async def test_a_program_that_is_no_server_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="not a program"):
        await WeaviateStore.embedded(tmp_path / "absent", tmp_path / "data")
    program = tmp_path / "weaviate"
    program.write_text("#!/bin/sh\necho 'no such flag' >&2\nexit 3\n")
    program.chmod(stat.S_IRWXU)
    for _ in range(2):  # the second is not kept out by the lock of the first
        with pytest.raises(Unavailable, match="code 3: `no such flag`"):
            await WeaviateStore.embedded(program, tmp_path / "data")


SETTINGS = Settings.load()


@pytest.mark.skipif(SETTINGS.weaviate_bin is None, reason="ORCHESTRA_WEAVIATE_BIN is not set")
async def test_a_server_of_our_own_keeps_its_data_and_asks_for_its_key(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(
        update={"vector_store": "weaviate", "weaviate_url": None, "state_dir": tmp_path}
    )
    store = await open_store(settings)
    await store.index("a", 2).upsert([Record("a", [1, 0])])
    with pytest.raises(Conflict, match="another process"):
        await open_store(settings)
    await store.close()

    assert SETTINGS.weaviate_bin is not None
    async with WeaviateServer(SETTINGS.weaviate_bin, tmp_path / "weaviate") as server:
        stranger = WeaviateStore(server.url, grpc=server.grpc, retry=QUICK)
        with pytest.raises(Unavailable, match="refuses the key"):
            await stranger.index("a", 2).count()
        await stranger.close()
        again = WeaviateStore(server.url, grpc=server.grpc, key=server.key)
        assert await again.index("a", 2).count() == 1
        await again.close()
