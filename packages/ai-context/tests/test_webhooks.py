"""Webhooks arrive signed, in order, at least once; and only where they may go."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from orchestra.context import ContextEngine, ContextLog, Observation
from orchestra.context.sinks.webhooks import Webhooks
from orchestra.context.testing.feed import Feed, engine_of
from orchestra.context.testing.webhook import WebhookReceiver
from orchestra.shared.db import Database
from orchestra.shared.errors import Invalid, NotFound
from orchestra.shared.events import EventLog
from orchestra.shared.leadership import Leadership
from orchestra.shared.testing.http_service import Fault, Reply

pytestmark = pytest.mark.requirement("ctx.agents")

MASTER = b"m" * 32


@pytest.fixture
def feed() -> Feed:
    return Feed()


@pytest.fixture
async def engine(
    context: ContextLog, events: EventLog, database: Database, feed: Feed
) -> AsyncIterator[ContextEngine]:
    engine = engine_of(context, events, database, feed)
    await engine.start()
    yield engine
    await engine.close()


def webhooks_of(database: Database, context: ContextLog, *, private: bool = True) -> Webhooks:
    return Webhooks(
        database,
        context,
        Leadership(database, "webhooks"),
        master=MASTER,
        private=private,
        first_retry=0.01,
    )


@pytest.fixture
async def webhooks(database: Database, context: ContextLog) -> AsyncIterator[Webhooks]:
    webhooks = webhooks_of(database, context)
    await webhooks.start()
    yield webhooks
    await webhooks.close()


@pytest.fixture
async def receiver() -> AsyncIterator[WebhookReceiver]:
    async with WebhookReceiver() as receiver:
        yield receiver


async def connect(webhooks: Webhooks, receiver: WebhookReceiver) -> str:
    info, receiver.secret = await webhooks.create(receiver.url, agent="manus", topics=[], actor="a")
    return info.id


def numbers(receiver: WebhookReceiver) -> list[int]:
    """The numbers of all changes that were taken, after the first snapshot."""
    return [
        delta["seq"]
        for _, body in receiver.taken
        if body["type"] == "context.deltas"
        for delta in body["data"]
    ]


async def test_changes_arrive_signed_and_in_order(
    webhooks: Webhooks, receiver: WebhookReceiver, engine: ContextEngine, feed: Feed
) -> None:
    await connect(webhooks, receiver)
    async with asyncio.timeout(20):
        await receiver.took(1)
        feed.see(*(Observation({"n": n}) for n in range(5)))
        await engine.settle()
        while len(numbers(receiver)) < 5:
            await receiver.took(len(receiver.taken) + 1)

    assert receiver.taken[0][1]["type"] == "context.snapshot"
    first = receiver.taken[0][1]["data"]["seq"]
    assert numbers(receiver) == list(range(first + 1, first + 6))


async def test_a_failing_receiver_gets_the_same_delivery_again(
    webhooks: Webhooks, receiver: WebhookReceiver
) -> None:
    receiver.fail(Fault(drop=True), Fault(reply=Reply(None, 500)), Fault(reply=Reply(None, 302)))
    await connect(webhooks, receiver)
    async with asyncio.timeout(20):
        await receiver.took(1)

    ids = [request.headers["webhook-id"] for request in receiver.requests]
    assert len(ids) == 4
    assert len(set(ids)) == 1


async def test_a_restart_resumes_after_the_last_delivery(
    database: Database,
    context: ContextLog,
    receiver: WebhookReceiver,
    engine: ContextEngine,
    feed: Feed,
) -> None:
    first = webhooks_of(database, context)
    await first.start()
    await connect(first, receiver)
    async with asyncio.timeout(20):
        await receiver.took(1)
        while not (await first.list())[0].delivered_at:
            await asyncio.sleep(0.01)
    await first.close()
    feed.see(Observation({"n": 1}), Observation({"n": 2}))
    await engine.settle()

    second = webhooks_of(database, context)
    await second.start()
    async with asyncio.timeout(20):
        await receiver.took(2)
    await second.close()

    assert len(numbers(receiver)) == 2


async def test_a_receiver_that_is_gone_is_forgotten(
    webhooks: Webhooks, receiver: WebhookReceiver
) -> None:
    receiver.fail(Fault(reply=Reply(None, 410)))
    await connect(webhooks, receiver)
    async with asyncio.timeout(20):
        while await webhooks.list():
            await asyncio.sleep(0.01)

    assert receiver.taken == []


async def test_what_is_deleted_gets_nothing_more(
    webhooks: Webhooks, receiver: WebhookReceiver
) -> None:
    id = await connect(webhooks, receiver)

    await webhooks.delete(id)

    assert await webhooks.list() == []
    with pytest.raises(NotFound):
        await webhooks.delete(id)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://localhost/",
        "https://user:password@93.184.216.34/",
        "http://93.184.216.34/",
        "ftp://93.184.216.34/",
        "https://",
        "nonsense",
        "https://" + "a" * 300 + ".example/",
    ],
)
async def test_an_address_that_is_not_public_is_refused(
    database: Database, context: ContextLog, url: str
) -> None:
    guarded = webhooks_of(database, context, private=False)

    with pytest.raises(Invalid) as refusal:
        await guarded.create(url, agent="manus", topics=[], actor="a")

    assert refusal.value.hint


async def test_an_address_is_checked_again_at_each_delivery(
    database: Database, context: ContextLog, webhooks: Webhooks, receiver: WebhookReceiver
) -> None:
    await connect(webhooks, receiver)
    async with asyncio.timeout(20):
        await receiver.took(1)
    await webhooks.close()
    guarded = webhooks_of(database, context, private=False)
    row: Any = (await guarded.list())[0]
    await context._events.append(context.stream, "context.delta", {"topic": "ci_runs"}, actor="t")
    await guarded.start()
    async with asyncio.timeout(20):
        while not row.last_error:
            row = (await guarded.list())[0]
    await guarded.close()

    assert len(receiver.taken) == 1
