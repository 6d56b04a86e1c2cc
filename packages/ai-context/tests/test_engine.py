"""What collectors see becomes the context; what fails is said and harms nothing else."""

import asyncio
from typing import Any

import pytest
from orchestra.context import ContextLog, ContextStreamer, Observation, Snapshots
from orchestra.context.testing.feed import Feed, engine_of
from orchestra.shared.db import Database
from orchestra.shared.errors import Unavailable
from orchestra.shared.events import EventLog
from orchestra.shared.json import JsonObject
from sqlalchemy import text
from structlog.testing import capture_logs

pytestmark = pytest.mark.requirement("ctx.push")


def topic(context: ContextLog, name: str = "ci_runs") -> dict[str, Any]:
    topics: Any = context.document["topics"]
    return dict(topics.get(name) or {})


async def test_an_observation_is_published_once_however_often_it_is_seen(
    context: ContextLog, events: EventLog, database: Database
) -> None:
    feed = Feed()
    engine = engine_of(context, events, database, feed)
    await engine.start()
    seen = Observation({"runs": {"1": "ok"}}, source="github")
    feed.see(seen, seen, seen)
    await engine.settle()
    await engine.close()

    assert topic(context)["value"] == {"runs": {"1": "ok"}}
    assert [e.kind for e in await events.read(context.stream)] == [
        "context.opened",
        "context.delta",
    ]
    assert engine.checked.keys() == {"ci_runs"}


async def test_a_failing_source_is_stale_keeps_its_value_and_is_tried_again(
    context: ContextLog, events: EventLog, database: Database
) -> None:
    failing, healthy = Feed("ci_runs"), Feed("deployment_status")
    engine = engine_of(context, events, database, failing, healthy)
    await engine.start()
    failing.see(Observation({"n": 1}, source="github"))
    healthy.see(Observation({"n": 1}))
    await engine.settle()

    failing.see(Unavailable("it is down", hint="wait"), Observation({"n": 2}, source="github"))
    healthy.see(Observation({"n": 2}))
    async with asyncio.timeout(20):
        while topic(context)["status"] != "stale":
            await context.grown().wait()
        assert topic(context)["value"] == {"n": 1}
        assert topic(context)["detail"] == "it is down; wait"
        while topic(context)["value"] != {"n": 2}:
            await context.grown().wait()
    await engine.close()

    assert topic(context)["status"] == "ok"
    assert topic(context, "deployment_status")["value"] == {"n": 2}
    assert failing.runs == 2


async def test_an_unexpected_failure_does_not_tell_its_insides(
    context: ContextLog, events: EventLog, database: Database
) -> None:
    feed = Feed()
    engine = engine_of(context, events, database, feed)
    await engine.start()
    feed.see(RuntimeError("password=hunter2 at /home/ada"))
    async with asyncio.timeout(20):
        while not topic(context):
            await context.grown().wait()
    await engine.close()

    assert topic(context)["status"] == "unavailable"  # there is no value to be stale
    assert "RuntimeError" in topic(context)["detail"]
    assert "hunter2" not in str(context.document)


async def test_only_an_unexpected_failure_is_logged_with_its_traceback(
    context: ContextLog, events: EventLog, database: Database
) -> None:
    expected, unexpected = Feed("ci_runs"), Feed("deployment_status")
    engine = engine_of(context, events, database, expected, unexpected)
    with capture_logs() as logged:
        await engine.start()
        expected.see(Unavailable("it is down", hint="wait"))
        unexpected.see(RuntimeError("a bug"))
        async with asyncio.timeout(20):
            while not (topic(context) and topic(context, "deployment_status")):
                await context.grown().wait()
        await engine.close()

    failures = {entry["topic"]: entry for entry in logged if entry["event"] == "collector failed"}
    assert failures["ci_runs"]["error"] == "it is down"
    assert "exc_info" not in failures["ci_runs"]
    assert "exc_info" in failures["deployment_status"]


@pytest.mark.requirement("ctx.redaction")
async def test_a_secret_reaches_neither_the_context_nor_a_table(
    context: ContextLog, events: EventLog, database: Database
) -> None:
    token = "ghp_" + "Zz19" * 9
    feed = Feed()
    engine = engine_of(context, events, database, feed)
    await engine.start()
    feed.see(
        Observation(
            {f"name {token}": {"url": f"https://ada:{token}@example.org/x"}},
            source=f"from {token}",
            detail=f"because {token}",
        )
    )
    await engine.settle()
    await engine.close()
    await context.close()

    async with database.transaction() as session:
        tables = [
            str((await session.execute(text(f"select * from orchestra.{table}"))).all())
            for table in ("events", "context_snapshots")
        ]
    assert token not in str(context.document)
    assert token not in "".join(tables)
    assert "redacted" in "".join(tables)


@pytest.mark.requirement("trust.durability")
async def test_settling_waits_for_a_collector_that_has_to_begin_anew(
    context: ContextLog, events: EventLog, database: Database
) -> None:
    feed = Feed()
    engine = engine_of(context, events, database, feed)
    await engine.start()
    feed.see(Observation({"n": 1}))
    await engine.settle()

    async with database.transaction() as session:
        await session.execute(
            text("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'")
        )
    async with asyncio.timeout(20):
        await feed.ended.wait()
    with pytest.raises(Unavailable):
        await engine.settle(within=0.2)
    feed.see(Observation({"n": 2}))
    await engine.settle(within=20)
    await engine.close()

    assert topic(context)["value"] == {"n": 2}
    assert feed.runs == 2


async def test_one_process_collects_and_another_takes_over(
    context: ContextLog, events: EventLog, database: Database
) -> None:
    first, second = Feed(), Feed()
    leading = engine_of(context, events, database, first)
    waiting = engine_of(context, events, database, second)
    await leading.start()
    first.see(Observation({"by": "first"}))
    await leading.settle()
    await waiting.start()
    second.see(Observation({"by": "second"}))
    with pytest.raises(Unavailable, match="another process"):
        await waiting.settle(within=0.2)
    assert topic(context)["value"] == {"by": "first"}

    await leading.close()
    await waiting.settle()
    await waiting.close()

    assert topic(context)["value"] == {"by": "second"}


@pytest.mark.requirement("ctx.stream.delta")
async def test_a_restart_goes_on_where_it_was(
    context: ContextLog, events: EventLog, database: Database
) -> None:
    feed = Feed()
    engine = engine_of(context, events, database, feed)
    await engine.start()
    for n in range(20):
        feed.see(Observation({"n": n}))
    await engine.settle()
    await engine.close()

    for _ in range(2):  # first by folding the events, then from the snapshot that closing stored
        again = ContextLog("test-workspace", events, Snapshots(database))
        await again.start()
        assert (again.epoch, again.seq) == (context.epoch, context.seq)
        assert again.snapshot() == context.snapshot()
        await again.close()


@pytest.mark.requirement("ctx.stream.delta")
async def test_a_lost_snapshot_of_a_trimmed_stream_is_begun_anew_in_order(
    context: ContextLog, events: EventLog, database: Database
) -> None:
    feed = Feed()
    engine = engine_of(context, events, database, feed)
    await engine.start()
    for n in range(10):
        feed.see(Observation({"n": n}))
    await engine.settle()
    await engine.close()
    await events.trim(context.stream, before=5)

    again = ContextLog("test-workspace", events, Snapshots(database))
    await again.start()
    async with asyncio.timeout(10):
        while again.document != {"topics": {}}:
            await again.grown().wait()
    await context.reached(again.seq)
    await again.close()

    assert (again.seq, again.document) == (12, {"topics": {}})
    assert context.snapshot() == again.snapshot()


@pytest.mark.requirement("ctx.streamer-api")
async def test_the_streamer_emits_the_five_topics_to_every_agent(
    context: ContextLog, events: EventLog, database: Database
) -> None:
    feeds = [
        Feed("codebase_state"),
        Feed("lambda_utilization"),
        Feed("pending_migrations"),
        Feed("vector_db_status"),
        Feed("deployment_status"),
    ]
    engine = engine_of(context, events, database, *feeds)
    await engine.start()
    emitted: dict[str, JsonObject] = {}
    complete = asyncio.Event()

    class Remember:
        def __init__(self, agent: str) -> None:
            self.agent = agent

        async def emit(self, context: JsonObject) -> None:
            emitted[self.agent] = context
            topics: Any = context["topics"]
            if len(emitted) == 4 and len(topics) == 5 and self.agent == "codex":
                complete.set()

    agents = ["manus", "cursor", "factory", "codex"]
    streamer = ContextStreamer(
        context,
        {agent: [Remember(agent)] for agent in agents},
        sources={"factory": ["deployment_status"]},
    )
    streaming = asyncio.create_task(streamer.stream_to_agents())
    for feed in feeds:
        feed.see(Observation({"seen": True}))
    async with asyncio.timeout(20):
        await complete.wait()
    streaming.cancel()
    await engine.close()

    assert streamer.agents == agents
    everything: Any = emitted["codex"]["topics"]
    assert set(everything) == {feed.topic for feed in feeds}
    filtered: Any = emitted["factory"]["topics"]
    assert set(filtered) == {"deployment_status"}
