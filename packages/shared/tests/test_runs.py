"""Durable runs finish whatever happens to the process that does them."""

import asyncio
import base64
import pickle
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from orchestra.shared.db import Database
from orchestra.shared.errors import Conflict, NotFound
from orchestra.shared.json import JsonObject, JsonValue
from orchestra.shared.redaction import Redactor
from orchestra.shared.runs import DurableRuns, RunContext, RunKind
from orchestra.shared.runs.dbos_client import DbosRuns
from orchestra.shared.runs.dbos_engine import prepare
from orchestra.shared.runs.dbos_worker import DbosWorker
from orchestra.shared.testing import TemporaryPostgres

SECRET = "ultramarine-and-ochre"


@pytest.fixture(scope="module")
def postgres() -> Iterator[TemporaryPostgres]:
    with TemporaryPostgres() as server:
        yield server


@asynccontextmanager
async def working(dsn: str, *kinds: RunKind) -> AsyncIterator[DbosRuns]:
    """A worker of these kinds in this process, and a client."""
    redactor, database = Redactor([SECRET]), Database(dsn)
    worker = DbosWorker(database, kinds, redactor)
    async with asyncio.timeout(60):
        await worker.start()
        runs = await DbosRuns.connect(dsn, redactor)
        try:
            yield runs
        finally:
            await runs.close()
            await worker.stop(drain=0.2)
            await database.close()


def returning(
    value: JsonValue, note: Callable[[str], None]
) -> Callable[[str], Awaitable[JsonValue]]:
    async def action(key: str) -> JsonValue:
        note(key)
        return value

    return action


def ignored(key: str) -> None:
    """For a step whose key does not matter."""


async def test_a_run_does_its_steps_and_ends_with_an_output(postgres: TemporaryPostgres) -> None:
    keys: list[str] = []

    async def body(context: RunContext, input: JsonObject) -> JsonValue:
        one = await context.step("one", returning({"n": 1}, keys.append))
        two = await context.step("two", returning([2], keys.append))
        await context.report({"at": "end"})
        return {"input": input, "steps": [one, two]}

    async with working(postgres.create_database(), RunKind("sum", body)) as runs:
        started: DurableRuns = runs
        run = await started.start("sum", {"a": 1}, idempotency_key="k")
        run = await runs.wait(run.id, timeout=30)
        assert (run.state, run.error, run.kind, run.input) == ("done", None, "sum", {"a": 1})
        assert run.output == {"input": {"a": 1}, "steps": [{"n": 1}, [2]]}
        steps = await runs.steps(run.id)
        assert [(s.name, s.output) for s in steps][:2] == [("one", {"n": 1}), ("two", [2])]
        assert keys == [f"{run.id}:1:one", f"{run.id}:2:two"]
        assert await runs.progress(run.id) == {"at": "end"}
        assert [r.id for r in await runs.list(kind="sum", states=["done"])] == [run.id]
        assert await runs.list(states=["failed"]) == []


async def test_the_same_idempotency_key_is_the_same_run(postgres: TemporaryPostgres) -> None:
    bodies: list[str] = []

    async def body(context: RunContext, input: JsonObject) -> JsonValue:
        bodies.append(context.run_id)
        return input

    kinds = RunKind("a", body), RunKind("b", body)
    async with working(postgres.create_database(), *kinds) as runs:
        started = await asyncio.gather(
            *(runs.start("a", {"x": 1}, idempotency_key="k") for _ in range(5))
        )
        other = await runs.start("b", {"x": 1}, idempotency_key="k")
        await asyncio.gather(*(runs.wait(r.id, timeout=30) for r in [*started, other]))
        again = await runs.start("a", {"x": 1}, idempotency_key="k")
        assert {run.id for run in started} == {again.id}
        assert other.id != again.id
        assert sorted(bodies) == sorted([again.id, other.id])
        with pytest.raises(Conflict, match="was used for another run"):
            await runs.start("a", {"x": 2}, idempotency_key="k")


async def test_a_run_waits_for_signals_and_the_same_key_is_one_signal(
    postgres: TemporaryPostgres,
) -> None:
    async def body(context: RunContext, input: JsonObject) -> JsonValue:
        await context.report("waiting")
        first = await context.wait_for("approve", timeout=30)
        return [first, await context.wait_for("approve", timeout=0.5)]

    async with working(postgres.create_database(), RunKind("ask", body)) as runs:
        run = await runs.start("ask", {}, idempotency_key="k")
        for _ in range(2):
            await runs.signal(run.id, "approve", {"by": "me"}, idempotency_key="s1")
        run = await runs.wait(run.id, timeout=30)
        assert run.output == [{"by": "me"}, None]
        with pytest.raises(NotFound):
            await runs.signal("nobody", "approve", {}, idempotency_key="s2")


async def test_a_cancelled_run_ends_before_its_next_step(postgres: TemporaryPostgres) -> None:
    async def body(context: RunContext, input: JsonObject) -> JsonValue:
        await context.report("waiting")
        await context.wait_for("never", timeout=60)
        return await context.step("forbidden", returning(None, ignored))

    async with working(postgres.create_database(), RunKind("long", body)) as runs:
        run = await runs.start("long", {}, idempotency_key="k")
        while await runs.progress(run.id) is None:
            await asyncio.sleep(0.05)
        await runs.cancel(run.id)
        run = await runs.wait(run.id, timeout=30)
        assert run.state == "cancelled"
        assert "forbidden" not in [step.name for step in await runs.steps(run.id)]
        with pytest.raises(NotFound):
            await runs.cancel("nobody")
        with pytest.raises(NotFound):
            await runs.query("nobody")


async def test_a_failing_step_is_tried_again_as_often_as_asked(postgres: TemporaryPostgres) -> None:
    tries: list[str] = []

    async def flaky(key: str) -> JsonValue:
        tries.append(key)
        if len(tries) < 2:
            raise ConnectionError("not yet")
        return "done"

    async def body(context: RunContext, input: JsonObject) -> JsonValue:
        return await context.step("flaky", flaky, attempts=3)

    async with working(postgres.create_database(), RunKind("flaky", body)) as runs:
        run = await runs.start("flaky", {}, idempotency_key="k")
        run = await runs.wait(run.id, timeout=30)
        assert (run.output, len(tries), len(set(tries))) == ("done", 2, 1)


@pytest.mark.requirement("ctx.redaction")
async def test_secrets_reach_no_table_by_input_step_progress_output_or_error(
    postgres: TemporaryPostgres,
) -> None:
    async def body(context: RunContext, input: JsonObject) -> JsonValue:
        await context.step("tell", returning(SECRET, ignored))
        await context.report(SECRET)
        await context.wait_for("go", timeout=30)
        if input["fail"]:
            raise RuntimeError(f"cannot use {SECRET}")
        return SECRET

    dsn = postgres.create_database()
    async with working(dsn, RunKind("leak", body)) as runs:
        for fail in (True, False):
            run = await runs.start(
                "leak", {"key": SECRET, "fail": fail}, idempotency_key=f"k{fail}"
            )
            await runs.signal(run.id, "go", SECRET, idempotency_key=f"s{fail}")
            run = await runs.wait(run.id, timeout=30)
            assert run.error == ("RuntimeError: cannot use [redacted:known]" if fail else None)
    connection = await Database(dsn).connect()
    tables = await connection.fetch("select tablename from pg_tables where schemaname = 'dbos'")
    for table in tables:
        rows = await connection.fetch(f'select t::text from dbos."{table["tablename"]}" t')
        assert not [row for row in rows if SECRET in row[0]], table["tablename"]
    await connection.close()


class Bomb:
    """Unpickling it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return (open, (str(self.path), "w"))


@pytest.mark.requirement("trust.durability")
async def test_a_forged_pickle_in_the_tables_is_not_run(
    postgres: TemporaryPostgres, tmp_path: Path
) -> None:
    done: list[JsonValue] = []

    async def body(context: RunContext, input: JsonObject) -> JsonValue:
        done.append(input)
        return None

    dsn, bomb = postgres.create_database(), tmp_path / "it-was-unpickled"
    database = Database(dsn)
    await asyncio.gather(*(prepare(database) for _ in range(3)))
    runs = await DbosRuns.connect(dsn, Redactor())
    forged = await runs.start("a", {}, idempotency_key="forged")
    connection = await database.connect()
    await connection.execute(
        "update dbos.workflow_status set serialization = 'py_pickle', inputs = $1",
        base64.b64encode(pickle.dumps(Bomb(bomb))).decode(),
    )
    await connection.close()
    async with working(dsn, RunKind("a", body)):
        sound = await runs.start("a", {"sound": True}, idempotency_key="sound")
        assert (await runs.wait(sound.id, timeout=30)).state == "done"
        assert (await runs.wait(forged.id, timeout=5)).state != "done"
    await runs.close()
    await database.close()
    assert done == [{"sound": True}]
    assert not bomb.exists()
