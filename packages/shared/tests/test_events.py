"""The event log: no gap, no loss, no duplicate, and every change is found out."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from orchestra.shared.db import Database
from orchestra.shared.errors import Conflict, Invalid
from orchestra.shared.events import Event, EventLog, PostgresBus
from orchestra.shared.json import JsonObject
from orchestra.shared.metrics import Metrics
from orchestra.shared.redaction import Redactor
from sqlalchemy import text

pytestmark = pytest.mark.requirement("trust.durability")


async def take(events: AsyncIterator[Event], count: int) -> list[Event]:
    async with asyncio.timeout(20):
        return [event async for event, _ in _zip(events, count)]


async def _zip(events: AsyncIterator[Event], count: int) -> AsyncIterator[tuple[Event, int]]:
    number = 0
    async for event in events:
        number += 1
        yield event, number
        if number == count:
            return


async def another(database: Database) -> EventLog:
    """A second process, as far as the log can tell."""
    log = EventLog(database, PostgresBus(database), redactor=Redactor(), metrics=Metrics())
    await log.start()
    return log


async def test_numbers_start_at_one_and_have_no_gap(events: EventLog) -> None:
    appended = await asyncio.gather(
        *(events.append("notes/a", "note.made", {"n": n}, actor="tester") for n in range(500))
    )

    assert sorted(event.seq for event in appended) == list(range(1, 501))
    assert [event.seq for event in await events.read("notes/a", limit=1000)] == list(range(1, 501))


async def test_an_acknowledged_event_can_be_read_as_it_was_appended(events: EventLog) -> None:
    data: JsonObject = {"text": "grüße\n", "n": 1.5, "deep": {"list": [1, None, True]}}

    appended = await events.append("notes/a", "note.made", data, actor="tester")

    assert await events.read("notes/a") == [appended]


async def test_two_processes_number_one_stream_without_gap_or_double(
    events: EventLog, database: Database
) -> None:
    other = await another(database)

    await asyncio.gather(
        *(
            log.append("notes/a", "note.made", {"n": n}, actor="tester")
            for n in range(200)
            for log in (events, other)
        )
    )
    await other.close()

    assert [event.seq for event in await events.read("notes/a")] == list(range(1, 401))
    assert (await events.verify("notes/a")).intact


async def test_a_follower_sees_every_event_of_every_process_in_order(
    events: EventLog, database: Database
) -> None:
    other = await another(database)
    following = asyncio.create_task(take(events.follow("notes/a"), 300))

    for n in range(100):
        await asyncio.gather(
            other.append("notes/a", "note.made", {"n": n}, actor="b"),
            events.append("notes/a", "note.made", {"n": n}, actor="a"),
            other.append("notes/a", "note.made", {"n": n}, actor="c"),
        )
    seen = await following
    await other.close()

    assert [event.seq for event in seen] == list(range(1, 301))


async def test_a_follower_that_resumes_gets_exactly_what_it_lacks(events: EventLog) -> None:
    for n in range(10):
        await events.append("notes/a", "note.made", {"n": n}, actor="tester")

    seen = await take(events.follow("notes/a", after=7), 3)

    assert [event.seq for event in seen] == [8, 9, 10]


async def test_sending_an_event_again_with_its_id_changes_nothing(events: EventLog) -> None:
    id = uuid4()
    first = await events.append("notes/a", "note.made", {"n": 1}, actor="tester", id=id)

    again = await events.append("notes/a", "note.made", {"n": 1}, actor="tester", id=id)

    assert again == first
    assert len(await events.read("notes/a")) == 1


async def test_an_id_of_another_stream_is_refused_and_shows_nothing(events: EventLog) -> None:
    id = uuid4()
    await events.append("notes/a", "note.made", {"n": "not for you"}, actor="tester", id=id)

    with pytest.raises(Conflict) as refused:
        await events.append("notes/b", "note.made", {"n": 2}, actor="tester", id=id)

    assert "not for you" not in str(refused.value)
    assert await events.read("notes/b") == []
    assert (await events.append("notes/b", "note.made", {"n": 3}, actor="tester")).seq == 1


async def test_the_same_id_twice_in_one_batch_is_one_event(events: EventLog) -> None:
    id = uuid4()

    both = await asyncio.gather(
        *(events.append("notes/a", "note.made", {}, actor="tester", id=id) for _ in range(5))
    )

    assert {event.seq for event in both} == {1}


@pytest.mark.parametrize(
    "tampering",
    [
        "update orchestra.events set data = '{\"n\":99}' where seq = 3",
        "update orchestra.events set actor = 'somebody' where seq = 3",
        "delete from orchestra.events where seq = 3",
    ],
)
@pytest.mark.requirement("trust.audit")
async def test_a_changed_or_missing_event_is_found(
    events: EventLog, database: Database, tampering: str
) -> None:
    for n in range(6):
        await events.append("notes/a", "note.made", {"n": n}, actor="tester")
    async with database.transaction() as session:
        await session.execute(text(tampering.replace(":", r"\:")))

    found = await events.verify("notes/a")

    assert found.broken_at == 3


@pytest.mark.requirement("trust.audit")
async def test_a_dropped_end_is_found(events: EventLog, database: Database) -> None:
    for n in range(6):
        await events.append("notes/a", "note.made", {"n": n}, actor="tester")
    async with database.transaction() as session:
        await session.execute(text("delete from orchestra.events where seq > 4"))

    assert (await events.verify("notes/a")).broken_at == 5


async def test_a_trimmed_stream_is_still_whole(events: EventLog) -> None:
    for n in range(10):
        await events.append("notes/a", "note.made", {"n": n}, actor="tester")

    await events.trim("notes/a", before=6)

    found = await events.verify("notes/a")
    assert (found.intact, found.first, found.checked) == (True, 7, 4)
    assert [event.seq for event in await events.read("notes/a")] == [7, 8, 9, 10]


@pytest.mark.requirement("ctx.redaction")
async def test_a_secret_never_reaches_the_table(events: EventLog) -> None:
    token = "ghp_" + "a1B2" * 9

    appended = await events.append("notes/a", "note.made", {"said": f"use {token}"}, actor="tester")

    assert token not in str(appended.data)
    assert token not in str(await events.read("notes/a"))


@pytest.mark.parametrize("name", ["", "Notes", "a b", "../x", "a/" * 9, "a\0b", "x" * 400, "a//b"])
async def test_a_stream_has_a_proper_name(events: EventLog, name: str) -> None:
    with pytest.raises(Invalid, match="not a stream's name"):
        await events.append(name, "note.made", {}, actor="tester")


async def test_appends_survive_a_database_that_drops_its_connections(
    events: EventLog, database: Database, dsn: str
) -> None:
    async def disturb() -> None:
        for _ in range(20):
            async with database.transaction() as session:
                await session.execute(
                    text(
                        "select pg_terminate_backend(pid) from pg_stat_activity"
                        " where datname = current_database() and pid <> pg_backend_pid()"
                    )
                )

    writing = asyncio.gather(
        *(events.append("notes/a", "note.made", {"n": n}, actor="tester") for n in range(2000))
    )
    await disturb()
    appended = await writing

    assert sorted(event.seq for event in appended) == list(range(1, 2001))
    assert (await events.verify("notes/a")).checked == 2000
