"""S14: whoever sends slowly, or far too much, costs neither the others nor the machine anything."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from orchestra.api import connection, guard
from orchestra.api.testing import RunningApi
from orchestra.api.testing_process import api_process

pytestmark = [
    pytest.mark.requirement("trust.inputs", "mcp.auth"),
    pytest.mark.asyncio(loop_scope="session"),
]

MOST = 50 * 2**20  # bytes
HEADERS = {
    "Accept": "application/json, text/event-stream",
    "Content-Type": "application/json",
    "MCP-Protocol-Version": "2026-07-28",
    "Mcp-Method": "tools/list",
}


async def opened(api: RunningApi) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = api.url.removeprefix("http://").split(":")
    return await asyncio.open_connection(host, int(port))


@pytest.mark.parametrize(
    "head",
    [
        b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
        b"GET /api/v1/context/stream HTT",
    ],
)
async def test_a_head_that_never_ends_is_not_waited_for(
    shared_api: RunningApi, monkeypatch: pytest.MonkeyPatch, head: bytes
) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.5)
    async with asyncio.timeout(60):
        slow = [await opened(shared_api) for _ in range(50)]
        for _, writer in slow:
            writer.write(head)
        assert (await shared_api.http.get("/api/v1/me")).status_code == 200  # meanwhile
        answers = [await reader.read() for reader, _ in slow]
        for _, writer in slow:
            writer.close()

    assert all(answer.startswith(b"HTTP/1.1 408 Request Timeout") for answer in answers)
    assert all(b"urn:orchestra:problem:head-too-slow" in answer for answer in answers)


async def test_who_says_nothing_is_not_kept(
    shared_api: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.5)
    async with asyncio.timeout(60):
        reader, writer = await opened(shared_api)
        assert await reader.read() == b""
        writer.close()


@pytest.mark.parametrize("path", ["/mcp", "/api/v1/tasks", "/a2a"])
async def test_a_body_that_trickles_in_is_not_waited_for(
    shared_api: RunningApi, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(guard, "_BODY_SECONDS", 0.5)
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {shared_api.key}"]
    lines += ["Content-Length: 100", *(f"{name}: {value}" for name, value in HEADERS.items())]
    async with asyncio.timeout(60):
        reader, writer = await opened(shared_api)
        writer.write("\r\n".join([*lines, "", "{"]).encode())
        said = await reader.readuntil(b"\r\n")
        assert (await shared_api.http.get("/api/v1/me")).status_code == 200
        writer.close()

    assert said.startswith(b"HTTP/1.1 408")


async def endless() -> AsyncIterator[bytes]:
    for _ in range(800):  # 50 MB
        yield b" " * 65_536


async def peak(pid: int) -> int:
    """The most memory that a process has ever had, in bytes."""
    status = await asyncio.to_thread(Path(f"/proc/{pid}/status").read_text)
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.asyncio(loop_scope="function")
async def test_bodies_that_are_too_large_take_no_memory(
    repository: Path, dsn: str, tmp_path: Path
) -> None:
    async with asyncio.timeout(300), api_process(repository, dsn, tmp_path / "state") as api:
        headers = {"Authorization": f"Bearer {api.key}", **HEADERS}
        async with httpx2.AsyncClient(base_url=api.url, headers=headers, timeout=120) as http:

            async def refused(path: str, body: bytes | AsyncIterator[bytes]) -> int:
                try:
                    return (await http.post(path, content=body)).status_code
                except httpx2.TransportError:  # it hung up while we were sending
                    return 413

            await asyncio.gather(*(refused(path, b"{}") for path in ("/mcp", "/a2a") * 8))
            before = await peak(api.process.pid)
            paths = ("/mcp", "/api/v1/tasks", "/a2a")
            large = await asyncio.gather(*(refused(path, endless()) for path in paths))
            deep = await asyncio.gather(*(refused(path, b"[" * 1_000_000) for path in paths * 5))
            after = await peak(api.process.pid)

    assert set(large) == {413}
    assert set(deep) <= {200, 400, 422}  # A2A's errors are answers
    assert after - before < MOST
