"""A small HTTP server on loopback that the stand-ins are made of, with faults on demand."""

import asyncio
import contextlib
import hashlib
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

from orchestra.shared.json import JsonValue

_LARGEST_HEAD = 64 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked; names of header fields are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def json(self) -> dict[str, JsonValue]:
        """The body, which is an object."""
        value: dict[str, JsonValue] = json.loads(self.body)
        return value

    @property
    def bearer(self) -> str:
        """The key in `Authorization: Bearer`, or an empty text."""
        kind, _, key = self.headers.get("authorization", "").partition(" ")
        return key if kind.lower() == "bearer" else ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answers: `body` as it is, or `value` as JSON, or nothing."""

    value: JsonValue = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None

    @property
    def content(self) -> bytes:
        """The bytes of the body."""
        if self.body is not None:
            return self.body
        return b"" if self.value is None else json.dumps(self.value).encode()


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with the next request.

    `reply` is sent instead; `hang` never answers; `drop` closes at once; `truncate` sends half of
    the promised body.
    """

    reply: Reply | None = None
    hang: bool = False
    drop: bool = False
    truncate: bool = False


class HttpService:
    """A context manager; serves at `url` what `answer` says, and remembers all `requests`."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.faults: deque[Fault] = deque()
        self.url = ""
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def answer(self, request: Request) -> Reply:
        """What to say; each service overrides it."""
        return Reply({"error": f"no {request.path}"}, status=404)

    async def respond(self, request: Request) -> Reply:
        """The same, where the answer has to wait for something."""
        return self.answer(request)

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
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = _parse(await reader.readuntil(b"\r\n\r\n"))
        length = int(request.headers.get("content-length", "0"))
        request = replace(request, body=await reader.readexactly(length))
        self.requests.append(request)
        fault = self.faults.popleft() if self.faults else Fault()
        if fault.drop:
            return
        if fault.hang:
            await asyncio.Event().wait()
        reply = fault.reply or _conditional(request, await self.respond(request))
        content = reply.content if reply.status != 304 else b""
        head = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"]
        headers = {"content-type": "application/json", **reply.headers, "connection": "close"}
        headers["content-length"] = str(len(content))
        head += [f"{name}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*head, "", ""]).encode())
        writer.write(content[: len(content) // 2] if fault.truncate else content)
        await writer.drain()


def _parse(head: bytes) -> Request:
    first, *lines = head[:_LARGEST_HEAD].decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    parts = urlsplit(target)
    fields = (line.partition(":") for line in lines if ":" in line)
    headers = {name.strip().lower(): value.strip() for name, _, value in fields}
    return Request(method, unquote(parts.path), dict(parse_qsl(parts.query)), headers)


def _conditional(request: Request, reply: Reply) -> Reply:
    """The reply with an ETag; 304 without a body when the client has it already."""
    if reply.status != 200:
        return reply
    etag = f'W/"{hashlib.sha256(reply.content).hexdigest()[:32]}"'
    headers = {**reply.headers, "etag": etag}
    if request.headers.get("if-none-match") == etag:
        return Reply(None, status=304, headers=headers)
    return Reply(reply.value, reply.status, headers, reply.body)
