"""Forwards single MCP messages to the HTTP endpoint, and what comes back to the agent."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import httpx2
from httpx2 import EventSource
from orchestra.cli.stdio_headers import headers_of, is_stateless
from orchestra.cli.stdio_session import StdioSession

_GRACE = 1.0  # seconds that open requests get when stdin has ended
_EVENT = 16 * 1024 * 1024  # bytes of one server-sent event
_STREAM_READ = 60.0  # seconds; the endpoint sends a sign of life every 15

Message = dict[str, Any]
Id = str | int | float


@dataclass(frozen=True, slots=True)
class Commands:
    """What a person can type who is told that something is wrong."""

    start: str = "orchestra up"
    doctor: str = "orchestra doctor"


@dataclass(frozen=True, slots=True)
class _Running:
    """A request that is not answered yet."""

    task: "asyncio.Task[None]"
    stateless: bool
    endless: bool


class StdioProxy:
    """One agent's connection; `write` hands a message to it."""

    def __init__(
        self,
        http: httpx2.AsyncClient,
        url: str,
        write: Callable[[Message], None],
        commands: Commands,
    ) -> None:
        self._commands = commands
        self._http = http
        self._url = url
        self._write = write
        self._running: dict[Id, _Running] = {}
        self._session = StdioSession(http, url)
        self._stream: asyncio.Task[None] | None = None

    async def take(self, line: bytes) -> None:
        """Take a line from the agent. Returns when it is on its way, in order with the others."""
        if not line.strip():
            return
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            self._refuse(None, -32700, "the line is not JSON", "send one JSON-RPC message a line")
            return
        request_id = message.get("id") if isinstance(message, dict) else None
        match message:
            case {"method": "notifications/cancelled"}:
                await self._cancel(message)
            case {"method": "initialize", "id": str() | int() | float()}:
                await self._answer(message)  # the next messages need the session that it opens
            case {"method": str(), "id": str() | int() | float()}:
                self._start(message)
            case {"method": str()} if "id" not in message:
                await self._notify(message)
            case {"id": str() | int() | float()}:  # the answer to a question of the server
                await self._notify(message)
            case _:
                said = "the line is not a JSON-RPC message"
                known = request_id if isinstance(request_id, str | int | float) else None
                self._refuse(known, -32600, said, "send one request or notification a line")

    async def close(self) -> None:
        """Give open requests a moment, then end everything, and the session."""
        finite = [running.task for running in self._running.values() if not running.endless]
        if finite:
            await asyncio.wait(finite, timeout=_GRACE)
        tasks = [running.task for running in self._running.values()]
        tasks += [self._stream] if self._stream is not None else []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._session.end()

    def _start(self, message: Message) -> None:
        request_id = message["id"]
        task = asyncio.create_task(self._answer(message))
        endless = message["method"] == "subscriptions/listen"
        running = self._running[request_id] = _Running(task, is_stateless(message), endless)

        def ended(_: "asyncio.Task[None]") -> None:
            if self._running.get(request_id) is running:
                del self._running[request_id]

        task.add_done_callback(ended)

    async def _answer(self, message: Message) -> None:
        """Send a request and hand on all that belongs to its answer, or say why there is none."""
        try:
            answered = await self._exchange(message)
        except httpx2.TransportError as error:
            self._unreachable(message["id"], type(error).__name__)
            return
        except ValueError:
            answered = False
        if not answered:
            self._unreachable(message["id"], "the answer was cut off")

    async def _exchange(self, message: Message) -> bool:
        endless = message["method"] == "subscriptions/listen"
        read = _STREAM_READ if endless else self._http.timeout.read
        timeout = httpx2.Timeout(10.0, read=read, pool=None)
        for attempt in (1, 2):
            used = None if is_stateless(message) else self._session.id
            headers = headers_of(message) | (self._session.headers() if used else {})
            async with self._http.stream(
                "POST", self._url, content=json.dumps(message), headers=headers, timeout=timeout
            ) as response:
                if response.status_code == 404 and used and attempt == 1:
                    await response.aread()
                else:
                    return await self._hand_on(message, response)
            await self._session.reopen(used)
        raise AssertionError("the second attempt returns")

    async def _hand_on(self, message: Message, response: httpx2.Response) -> bool:
        if response.headers.get("content-type", "").startswith("text/event-stream"):
            async for event in _events(response):
                answers = "method" not in event and event.get("id") == message["id"]
                if answers:
                    self._session.learn(message, response.headers, event)
                self._write(event)
                if answers:
                    return True
            return False
        body = json.loads(await response.aread() or b"null")
        if isinstance(body, dict) and ("result" in body or isinstance(body.get("error"), dict)):
            self._session.learn(message, response.headers, body)
            self._write({**body, "id": message["id"]})
            return True
        problem = body if isinstance(body, dict) else {}
        said = problem.get("detail") or f"the endpoint answered {response.status_code}"
        hint = problem.get("hint") or f"see `{self._commands.doctor}`"
        self._refuse(message["id"], -32000, said, hint, status=response.status_code)
        return True

    async def _notify(self, message: Message) -> None:
        if is_stateless(message):
            return  # this era has no notifications from clients over HTTP
        with contextlib.suppress(httpx2.TransportError):  # nobody waits for an answer
            headers = headers_of(message) | self._session.headers()
            await self._http.post(self._url, content=json.dumps(message), headers=headers)
        if message.get("method") == "notifications/initialized" and self._stream is None:
            self._stream = asyncio.create_task(self._follow(), name="mcp-stream")

    async def _cancel(self, message: Message) -> None:
        request_id = (message.get("params") or {}).get("requestId")
        running = self._running.get(request_id) if isinstance(request_id, str | int) else None
        if running is not None:
            if not running.stateless:  # there, closing the request is how it is cancelled
                await self._notify(message)
            running.task.cancel()

    async def _follow(self) -> None:
        """Hand on what the server sends by itself, for as long as the session lives."""
        async for event in self._session.stream(_STREAM_READ, _events):
            self._write(event)

    def _unreachable(self, request_id: Id, why: str) -> None:
        said = f"Orchestra does not answer at `{self._url}` ({why})"
        hint = f"start it with `{self._commands.start}`, then try again"
        self._refuse(request_id, -32000, said, hint)

    def _refuse(
        self, request_id: Id | None, code: int, message: str, hint: str, **data: int
    ) -> None:
        error = {
            "code": code,
            "message": f"{message}\nhint: {hint}",
            "data": {"hint": hint, **data},
        }
        self._write({"jsonrpc": "2.0", "id": request_id, "error": error})


async def _events(response: httpx2.Response) -> AsyncIterator[Message]:
    """The messages of an event stream."""
    async for event in EventSource(response, max_event_size=_EVENT):
        if event.event == "message" and event.data:
            message = json.loads(event.data)
            if isinstance(message, dict):
                yield message
