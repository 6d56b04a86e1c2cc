"""The whole API in the test's own event loop, on a free port, over real HTTP."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import uvicorn
from fastapi import FastAPI
from orchestra.api.connection import Connection
from orchestra.api.main import create_app
from orchestra.api.server import Server
from orchestra.mcp import Part
from orchestra.shared.settings import Settings


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event of a stream."""

    name: str
    id: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Served:
    """Where an API is that runs elsewhere, and its first key."""

    url: str
    key: str


@dataclass(frozen=True, slots=True)
class RunningApi:
    """A running API, its first key, and a client that uses it."""

    url: str
    key: str
    http: httpx2.AsyncClient

    @asynccontextmanager
    async def stream(
        self, query: str = "", *, key: str | None = None, place: str | None = None
    ) -> AsyncGenerator[AsyncIterator[ServerEvent]]:
        """The events of `/api/v1/context/stream`; the answer must be 200."""
        headers = {"Authorization": f"Bearer {key or self.key}"}
        if place is not None:
            headers["Last-Event-ID"] = place
        path = f"/api/v1/context/stream{query}"
        async with self.http.stream("GET", path, headers=headers, timeout=30) as answer:
            if answer.status_code != 200:
                await answer.aread()
                raise AssertionError(f"{answer.status_code}: {answer.text}")
            yield events_of(answer.aiter_lines())


@asynccontextmanager
async def running_api(settings: Settings, parts: Sequence[Part] = ()) -> AsyncGenerator[RunningApi]:
    """Run the API with these settings until the block ends; `parts` are more MCP servers."""
    async with serving(create_app(settings, parts), settings) as api:
        yield api


@asynccontextmanager
async def serving(app: FastAPI, settings: Settings) -> AsyncGenerator[RunningApi]:
    """Run an application that was made with these settings until the block ends."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    config = uvicorn.Config(
        app,
        http=Connection,
        log_config=None,
        access_log=False,
        ws="none",
        timeout_graceful_shutdown=2,
    )
    server = Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:
        if serving.done():
            await serving
            raise AssertionError("the API did not start")
        await asyncio.sleep(0.01)
    key = (settings.state_folder / "admin.key").read_text().strip()
    headers = {"Authorization": f"Bearer {key}"}
    try:
        async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=30) as http:
            yield RunningApi(url, key, http)
    finally:
        server.should_exit = True
        await serving


async def events_of(lines: AsyncIterator[str]) -> AsyncIterator[ServerEvent]:
    """Server-sent events from the lines of an answer."""
    fields: dict[str, str] = {}
    async for line in lines:
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
            continue
        if "data" in fields:
            yield event_of(fields)
        fields = {}


def event_of(fields: Mapping[str, str]) -> ServerEvent:
    """One event from its fields."""
    data = json.loads(fields["data"])
    return ServerEvent(fields.get("event", "message"), fields.get("id", ""), data)
