"""Two API processes on one database: a listener on either hears of each change, and both can stop."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.client.subscriptions import ResourceUpdated
from mcp_types import ResourceUpdatedNotification
from orchestra.shared.settings import child_environment

# The SDK's client warns of what the handshake era has and the newest has not (November 2026).
pytestmark = pytest.mark.filterwarnings("ignore:resources/:mcp.MCPDeprecationWarning")

CODE = "orchestra://context/codebase_state"
STOPS_WITHIN = 30  # seconds, for a busy machine; a stream that is not ended holds it for ever


@dataclass
class ApiProcess:
    """One process of the API."""

    process: asyncio.subprocess.Process
    url: str
    key: str

    @asynccontextmanager
    async def client(self, mode: str, **options: object) -> AsyncIterator[Client]:
        headers = {"Authorization": f"Bearer {self.key}"}
        async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
            transport = streamable_http_client(f"{self.url}/mcp", http_client=http)
            async with Client(transport, mode=mode, **options) as client:  # type: ignore[arg-type]  # passed on
                yield client


@asynccontextmanager
async def api_process(repository: Path, dsn: str, state: Path) -> AsyncIterator[ApiProcess]:
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
        while not (announced.exists() and await ready(json.loads(announced.read_text())["url"])):
            assert process.returncode is None
            await asyncio.sleep(0.05)
        url = json.loads(announced.read_text())["url"]
        yield ApiProcess(process, url, (state / "admin.key").read_text().strip())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def ready(url: str) -> bool:
    async with httpx2.AsyncClient(timeout=5) as http:
        try:
            return (await http.get(f"{url}/readyz")).is_success
        except httpx2.TransportError:
            return False


@pytest.mark.requirement("mcp.spec", "ctx.push")
async def test_a_change_reaches_listeners_of_both_eras_on_every_process_and_all_stop_in_time(
    repository: Path, dsn: str, tmp_path: Path
) -> None:
    heard: set[str] = set()

    def hearing(api: ApiProcess) -> Callable[[object], Awaitable[None]]:
        async def hear(message: object) -> None:
            if isinstance(message, ResourceUpdatedNotification):
                heard.add(api.url)

        return hear

    async with asyncio.timeout(120), AsyncExitStack() as stack:
        first = await stack.enter_async_context(api_process(repository, dsn, tmp_path / "a"))
        second = await stack.enter_async_context(api_process(repository, dsn, tmp_path / "b"))
        streams = []
        for api in (first, second):  # one of them collects, the other only hears of it
            client = await stack.enter_async_context(api.client("auto"))
            listening = client.listen(resource_subscriptions=[CODE])
            streams.append(await stack.enter_async_context(listening))
            session = await stack.enter_async_context(
                api.client("legacy", message_handler=hearing(api))
            )
            await session.session.subscribe_resource(CODE)
        number = 0
        while len(heard) < 2:  # what is told before a session's GET stream is there is lost
            number += 1
            (repository / f"new_{number}.py").write_text("")
            for stream in streams:
                assert await anext(stream) == ResourceUpdated(uri=CODE)
        for api in (first, second):
            api.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(STOPS_WITHIN):
            codes = [await api.process.wait() for api in (first, second)]
    assert codes == [0, 0]
