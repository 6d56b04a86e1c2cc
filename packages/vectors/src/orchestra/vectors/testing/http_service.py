"""A small HTTP server on loopback that the stand-ins are made of, with faults on demand."""

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

from orchestra.shared.json import JsonValue


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked; names of header fields are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, JsonValue]:
        """The body, which is an object."""
        value: dict[str, JsonValue] = json.loads(self.body)
        return value


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answers: a value as JSON, or nothing."""

    value: JsonValue = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with the next request.

    `reply` is sent instead; `hang` never answers; `drop` closes at once.
    """

    reply: Reply | None = None
    hang: bool = False
    drop: bool = False


class HttpService:
    """An async context manager; serves at `url` what `answer` says, and remembers `requests`."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.faults: deque[Fault] = deque()
        self.url = ""
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def answer(self, request: Request) -> Reply:
        """What to say; each service overrides it."""
        return Reply({"error": f"no {request.path}"}, status=404)

    def fail(self, *faults: Fault) -> None:
        """Let the next requests fail, one fault each."""
        self.faults.extend(faults)

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop listening and drop every connection."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            await self._serve(reader, writer)
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client left, spoke something else, or the server is closing
        finally:
            writer.close()
            with suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        method, target, _ = first.split(" ")
        fields = (line.partition(":") for line in lines if ":" in line)
        headers = {name.strip().lower(): value.strip() for name, _, value in fields}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        request = Request(method, unquote(urlsplit(target).path), headers, body)
        self.requests.append(request)
        fault = self.faults.popleft() if self.faults else Fault()
        if fault.drop:
            return
        if fault.hang:
            await asyncio.Event().wait()
        reply = fault.reply or self.answer(request)
        content = b"" if reply.value is None else json.dumps(reply.value).encode()
        sent = {"content-type": "application/json", **reply.headers, "connection": "close"}
        sent["content-length"] = str(len(content))
        start = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"]
        start += [f"{name}: {value}" for name, value in sent.items()]
        writer.write("\r\n".join([*start, "", ""]).encode() + content)
        await writer.drain()
