"""Two API processes on one database: a listener on either hears of each change, and both can stop."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from mcp.client.subscriptions import ResourceUpdated
from mcp_types import ResourceUpdatedNotification
from orchestra.api.testing_process import ApiProcess, api_process

# The SDK's client warns of what the handshake era has and the newest has not (November 2026).
pytestmark = pytest.mark.filterwarnings("ignore:resources/:mcp.MCPDeprecationWarning")

CODE = "orchestra://context/codebase_state"
STOPS_WITHIN = (
    5.0  # seconds, as the documents promise; a stream that is not ended holds it for ever
)


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
        busy = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))  # all takes so much longer
        async with asyncio.timeout(STOPS_WITHIN * busy):
            codes = [await api.process.wait() for api in (first, second)]
    assert codes == [0, 0]
