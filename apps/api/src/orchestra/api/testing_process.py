"""For tests: the API as a process of its own, to be stopped, killed and weighed."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from orchestra.shared.settings import child_environment


@dataclass(frozen=True, slots=True)
class ApiProcess:
    """One process of the API, its address and its first key."""

    process: asyncio.subprocess.Process
    url: str
    key: str

    @asynccontextmanager
    async def client(self, mode: str, **options: object) -> AsyncGenerator[Client]:
        """A client of its MCP servers, of that era."""
        headers = {"Authorization": f"Bearer {self.key}"}
        async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
            transport = streamable_http_client(f"{self.url}/mcp", http_client=http)
            async with Client(transport, mode=mode, **options) as client:  # type: ignore[arg-type]  # passed on
                yield client


@asynccontextmanager
async def api_process(repository: Path, dsn: str, state: Path) -> AsyncGenerator[ApiProcess]:
    """Serve a repository in a process of its own until the block ends."""
    environment = {
        "ORCHESTRA_REPO": str(repository),
        "ORCHESTRA_STATE_DIR": str(state),
        "ORCHESTRA_DATABASE_URL": dsn,
        "ORCHESTRA_PORT": "0",
        "ORCHESTRA_LIVE_FILES": "false",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "orchestra.api", env=child_environment(environment),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        announced = state / "system.json"
        while not (announced.exists() and await _ready(json.loads(announced.read_text())["url"])):
            if process.returncode is not None:
                raise AssertionError("the API did not start")
            await asyncio.sleep(0.05)
        url = json.loads(announced.read_text())["url"]
        yield ApiProcess(process, url, (state / "admin.key").read_text().strip())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _ready(url: str) -> bool:
    async with httpx2.AsyncClient(timeout=5) as http:
        try:
            return (await http.get(f"{url}/readyz")).is_success
        except httpx2.TransportError:
            return False
