"""Redis as the carrier of hints: quick when it is there, and nothing is lost when it is not."""

import asyncio
import shutil
import socket
import subprocess
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest
from orchestra.shared.db import Database
from orchestra.shared.events import EventLog
from orchestra.shared.events.redis_bus import RedisBus
from orchestra.shared.metrics import Metrics
from orchestra.shared.redaction import Redactor
from structlog.testing import capture_logs

pytestmark = pytest.mark.requirement("trust.durability")


@pytest.fixture
def redis_url() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with redis_server(port):
        yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def redis_server(port: int) -> Generator[None]:
    server = shutil.which("redis-server")
    if server is None:
        pytest.skip("no redis-server here: install one to run this")
    command = [
        server,
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--loglevel",
        "warning",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def log_of(database: Database, url: str) -> EventLog:
    return EventLog(database, RedisBus(url), redactor=Redactor(), metrics=Metrics())


async def connected(url: str) -> None:
    port = int(url.rsplit(":", 1)[1].split("/")[0])
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            await writer.wait_closed()
            return


async def test_events_of_another_process_arrive_by_hints(
    database: Database, redis_url: str
) -> None:
    await connected(redis_url)
    here, there = log_of(database, redis_url), log_of(database, redis_url)
    await here.start()
    await there.start()
    seen = []

    async def follow() -> None:
        async for event in here.follow("notes/a"):
            seen.append(event.seq)
            if len(seen) == 50:
                return

    following = asyncio.create_task(follow())
    for n in range(50):
        await there.append("notes/a", "note.made", {"n": n}, actor="there")
    async with asyncio.timeout(15):
        await following
    await here.close()
    await there.close()

    assert seen == list(range(1, 51))


async def test_without_redis_events_are_stored_all_the_same(database: Database) -> None:
    log = log_of(database, "redis://127.0.0.1:1/0")
    await log.start()

    appended = await log.append("notes/a", "note.made", {}, actor="tester")
    await log.close()

    assert await log.read("notes/a") == [appended]


async def test_an_outage_is_said_once_and_its_end_once() -> None:
    tries: asyncio.Queue[None] = asyncio.Queue()

    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tries.put_nowait(None)
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    listening = asyncio.Event()
    bus = RedisBus(f"redis://127.0.0.1:{port}/0")
    with capture_logs() as logged:
        async with asyncio.timeout(30):
            await bus.start(lambda _: listening.set())
            for _ in range(3):
                await tries.get()
            server.close()
            await server.wait_closed()
            with redis_server(port):
                await listening.wait()
                await bus.close()

    assert [entry["event"] for entry in logged] == [
        "event bus lost its carrier",
        "event bus has its carrier again",
    ]
