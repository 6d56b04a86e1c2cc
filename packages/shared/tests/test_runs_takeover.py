"""Runs of a dead worker are taken over; those of a living one never are."""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from orchestra.shared.db import Database
from orchestra.shared.redaction import Redactor
from orchestra.shared.runs import Run
from orchestra.shared.runs.dbos_client import DbosRuns
from orchestra.shared.runs.dbos_engine import prepare
from orchestra.shared.runs.executor_lock import ExecutorLock
from orchestra.shared.settings import child_environment
from orchestra.shared.testing import TemporaryPostgres

LOOKS = 12  # of which six take as long as a worker may be out of sight
WORKER = Path(__file__).with_name("runs_worker.py")


@pytest.fixture(scope="module")
def postgres() -> Iterator[TemporaryPostgres]:
    with TemporaryPostgres() as server:
        yield server


@pytest.fixture
async def dsn(postgres: TemporaryPostgres) -> str:
    dsn = postgres.create_database()
    database = Database(dsn)
    await prepare(database)
    await database.close()
    return dsn


@pytest.fixture
async def runs(dsn: str) -> AsyncIterator[DbosRuns]:
    runs = await DbosRuns.connect(dsn, Redactor())
    yield runs
    await runs.close()


@asynccontextmanager
async def worker(dsn: str, effects: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker in a process of its own, killed at the end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(WORKER), dsn, str(effects)),
        stdout=asyncio.subprocess.PIPE,
        env=child_environment(),
    )
    try:
        await logged(process, b"ready")
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def logged(process: asyncio.subprocess.Process, what: bytes, times: int = 1) -> None:
    """Wait until the process has written `times` lines that contain `what`."""
    assert process.stdout is not None
    async with asyncio.timeout(30):
        while times > 0:
            line = await process.stdout.readline()
            assert line, "the worker has died"
            times -= what in line


async def reported(runs: DbosRuns, run: Run, pid: int) -> None:
    """Wait until the run is in the middle, done by the process `pid`."""
    async with asyncio.timeout(30):
        while await runs.progress(run.id) != pid:
            await asyncio.sleep(0.05)


def keys(effects: Path) -> Counter[str]:
    return Counter(line.split()[0] for line in effects.read_text().splitlines())


@pytest.mark.requirement("trust.durability")
async def test_the_runs_of_a_killed_worker_are_finished_and_no_step_is_recorded_twice(
    dsn: str, runs: DbosRuns, tmp_path: Path
) -> None:
    effects = tmp_path / "effects"
    async with worker(dsn, effects) as first:
        started = [await runs.start("story", {"n": n}, idempotency_key=f"k{n}") for n in range(4)]
        for run in started:
            await reported(runs, run, first.pid)
        async with worker(dsn, effects):
            os.kill(first.pid, signal.SIGKILL)
            await first.wait()
            for run in started:
                await runs.signal(run.id, "go", True, idempotency_key=run.id)
            ended = [await runs.wait(run.id, timeout=40) for run in started]
    assert [run.state for run in ended] == ["done"] * 4
    assert [run.output for run in ended] == [{"n": n} for n in range(4)]
    for run in ended:
        names = [s.name for s in await runs.steps(run.id) if s.name in ("before", "after")]
        assert names == ["before", "after"]
    assert set(keys(effects).values()) == {1}
    assert len(keys(effects)) == 8


@pytest.mark.requirement("trust.durability")
async def test_the_runs_of_a_living_worker_are_never_taken_over(
    dsn: str, runs: DbosRuns, tmp_path: Path
) -> None:
    effects = tmp_path / "effects"
    async with worker(dsn, effects) as first:
        run = await runs.start("story", {}, idempotency_key="k")
        await reported(runs, run, first.pid)
        async with worker(dsn, effects) as second:
            await logged(second, b"looked for abandoned runs", LOOKS)
            await runs.signal(run.id, "go", True, idempotency_key="go")
            ended = await runs.wait(run.id, timeout=30)
    assert ended.state == "done"
    assert keys(effects) == {f"{run.id}:1:before": 1, f"{run.id}:2:after": 1}
    assert {line.split()[1] for line in effects.read_text().splitlines()} == {str(first.pid)}


@pytest.mark.requirement("trust.durability")
async def test_a_worker_whose_connections_are_cut_keeps_its_runs(
    dsn: str, runs: DbosRuns, tmp_path: Path
) -> None:
    effects = tmp_path / "effects"
    async with worker(dsn, effects) as first:
        run = await runs.start("story", {}, idempotency_key="k")
        await reported(runs, run, first.pid)
        async with worker(dsn, effects) as second:
            database = Database(dsn)
            connection = await database.connect()
            await connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
            await connection.close()
            await database.close()
            await logged(second, b"looked for abandoned runs", LOOKS)
            await runs.signal(run.id, "go", True, idempotency_key="go")
            ended = await runs.wait(run.id, timeout=40)
    assert ended.state == "done"
    assert keys(effects) == {f"{run.id}:1:before": 1, f"{run.id}:2:after": 1}
    assert {line.split()[1] for line in effects.read_text().splitlines()} == {str(first.pid)}


@pytest.mark.requirement("trust.durability")
async def test_what_a_stopped_worker_left_is_done_by_the_next(
    dsn: str, runs: DbosRuns, tmp_path: Path
) -> None:
    effects = tmp_path / "effects"
    async with worker(dsn, effects) as first:
        run = await runs.start("story", {}, idempotency_key="k")
        await reported(runs, run, first.pid)
        first.send_signal(signal.SIGINT)
        async with asyncio.timeout(15):
            await first.wait()
    assert (await runs.query(run.id)).state == "running"
    async with worker(dsn, effects):
        await runs.signal(run.id, "go", True, idempotency_key="go")
        ended = await runs.wait(run.id, timeout=30)
    assert ended.state == "done"
    assert keys(effects) == {f"{run.id}:1:before": 1, f"{run.id}:2:after": 1}


async def test_a_lock_is_free_only_when_its_holder_is_gone(dsn: str) -> None:
    database = Database(dsn)
    one, other = ExecutorLock(database, "one"), ExecutorLock(database, "other")
    assert await one.hold()
    assert await other.hold()
    assert await other.unheld(["one", "other", "nobody"]) == {"nobody"}
    async with other.take("one") as taken:
        assert not taken
    await one.release()
    assert await other.unheld(["one"]) == {"one"}
    async with other.take("one") as taken:
        assert taken
        assert not await one.hold()
    assert await one.hold()
    await one.release()
    await other.release()
    await database.close()
