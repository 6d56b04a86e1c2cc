"""A gateway that is killed in the middle of a stream leaves books that agree with each other."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx2
import pytest
from orchestra.gateway.testing.upstream import FaultyUpstream
from orchestra.shared.settings import child_environment

CONFIG = """
[providers.up]
kind = "openai"
url = "{url}"
private = true
[routes.default]
targets = [{{ provider = "up", model = "ok" }}]
[routes.stalling]
targets = [{{ provider = "up", model = "stall--long" }}]
stall = 600.0
streaming = "live"
[prices."up/*"]
input = 0
output = 1000
[budgets]
system = "10/day"
"""
WORD = 1_000_000
"""Nano-dollars."""


@asynccontextmanager
async def gateway(
    folder: Path, repository: Path, dsn: str
) -> AsyncGenerator[tuple[asyncio.subprocess.Process, httpx2.AsyncClient]]:
    """A process that serves models, and a client of it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "orchestra.api.models_server",
        env=child_environment(
            {
                "ORCHESTRA_REPO": str(repository),
                "ORCHESTRA_STATE_DIR": str(folder / "state"),
                "ORCHESTRA_DATABASE_URL": dsn,
                "ORCHESTRA_GATEWAY_CONFIG": str(folder / "gateway.toml"),
                "ORCHESTRA_PORT": "0",
            }
        ),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        url = (await process.stdout.readline()).decode().split()[-1].removesuffix("/v1")
        async with httpx2.AsyncClient(base_url=url, timeout=60) as http:
            assert (await http.get("/healthz")).status_code == 200
            http.headers["x-api-key"] = (folder / "state" / "admin.key").read_text().strip()
            yield process, http
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def until(connection: asyncpg.Connection, query: str) -> None:
    """Wait until a query of the database is true."""
    async with asyncio.timeout(30):
        while not await connection.fetchval(query):
            await asyncio.sleep(0.02)


@pytest.mark.requirement("gw.cost")
async def test_the_books_agree_after_a_kill_in_the_middle_of_a_stream(
    dsn: str, repository: Path, tmp_path: Path
) -> None:
    async with FaultyUpstream() as upstream:
        (tmp_path / "gateway.toml").write_text(CONFIG.format(url=upstream.url))
        asked = {"messages": [{"role": "user", "content": "Say words"}], "max_tokens": 100}
        async with gateway(tmp_path, repository, dsn) as (process, http):
            books = await asyncpg.connect(dsn, server_settings={"search_path": "orchestra,public"})
            done = await http.post("/v1/chat/completions", json=asked | {"model": "auto"})
            assert done.status_code == 200, done.text
            await until(books, "select count(*) = 1 from gateway_ledger")
            body = asked | {"model": "stalling", "stream": True}
            async with http.stream("POST", "/v1/chat/completions", json=body) as stream:
                assert stream.status_code == 200
                call = stream.headers["x-orchestra-request-id"]
                await until(books, "select count(*) = 1 from gateway_open")
                process.kill()
                await process.wait()

        assert await books.fetchval("select sum(cost) from gateway_ledger") == 8 * WORD
        spent, leased = await books.fetchrow("select spent, leased from gateway_spend")
        assert spent == 8 * WORD
        assert leased >= 100 * WORD  # what the stream may have cost is not free for anybody

        await books.execute("update gateway_processes set seen_at = now() - interval '2 minutes'")
        async with gateway(tmp_path, repository, dsn) as (_, http):
            await until(books, "select count(*) = 2 from gateway_ledger")
            lost = await books.fetchrow("select * from gateway_ledger where id = $1", call)
            assert (lost["finish"], lost["source"]) == ("lost", "estimate")
            assert lost["cost"] >= 100 * WORD
            assert await books.fetchval("select count(*) from gateway_open") == 0
            again = await http.post("/v1/chat/completions", json=asked | {"model": "auto"})
            assert again.status_code == 200
            await until(books, "select count(*) = 3 from gateway_ledger")

        total, summed = await books.fetchrow(
            "select (select sum(cost) from gateway_ledger), (select sum(cost) from gateway_daily)"
        )
        spent, leased = await books.fetchrow("select spent, leased from gateway_spend")
        assert total == summed <= spent
        assert leased == 0  # the second process ended in order, and gave everything back
        await books.close()
