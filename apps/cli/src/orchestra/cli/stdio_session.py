"""The session of an agent of the handshake era, which outlives a restart of the system."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import httpx2
from orchestra.cli.stdio_headers import headers_of

_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 5.0  # seconds between attempts to get a stream
_FAREWELL = 0.5  # seconds; the agent waits for us to exit

Message = dict[str, Any]
Events = Callable[[httpx2.Response], AsyncIterator[Message]]


class StdioSession:
    """What the server gave us by `initialize`, and what it takes to ask for it again."""

    def __init__(self, http: httpx2.AsyncClient, url: str) -> None:
        self.id: str | None = None
        self._http = http
        self._url = url
        self._version = ""
        self._hello: Message | None = None
        self._subscriptions: set[str] = set()
        self._lock = asyncio.Lock()

    def headers(self) -> dict[str, str]:
        """The headers of a request within the session; none when there is no session."""
        if self.id is None:
            return {}
        return {"Mcp-Session-Id": self.id, "MCP-Protocol-Version": self._version}

    def learn(self, request: Message, headers: Mapping[str, str], answer: Message) -> None:
        """Take note of a request that was answered well."""
        if "result" not in answer:
            return
        uri = (request.get("params") or {}).get("uri")
        match request["method"]:
            case "initialize":
                self.id = headers.get("mcp-session-id")
                self._version = str(answer["result"].get("protocolVersion", ""))
                self._hello = request
            case "resources/subscribe" if isinstance(uri, str):
                self._subscriptions.add(uri)
            case "resources/unsubscribe" if isinstance(uri, str):
                self._subscriptions.discard(uri)

    async def reopen(self, lost: str | None) -> None:
        """Open a session like the one that was lost, unless somebody has done it already."""
        async with self._lock:
            if self._hello is None or self.id != lost:
                return
            answer = await self._post(self._hello, {})
            self.learn(self._hello, answer.headers, answer.json())
            if self.id == lost:
                return
            session = self.headers()
            initialized = {"jsonrpc": "2.0", "method": "notifications/initialized"}
            await self._post(initialized, session)
            for number, uri in enumerate(sorted(self._subscriptions)):
                params = {"uri": uri}
                request = {"jsonrpc": "2.0", "id": f"again-{number}", "params": params}
                await self._post({**request, "method": "resources/subscribe"}, session)

    async def stream(self, read: float, events: Events) -> AsyncIterator[Message]:
        """What the server sends by itself, also after it has been away; `read` is in seconds."""
        pause = _FIRST_PAUSE
        while self.id is not None:
            with contextlib.suppress(httpx2.TransportError, ValueError):
                used = self.id
                headers = {**self.headers(), "Accept": "text/event-stream"}
                timeout = httpx2.Timeout(10.0, read=read, pool=None)
                async with self._http.stream(
                    "GET", self._url, headers=headers, timeout=timeout
                ) as response:
                    if response.status_code == 200:
                        pause = _FIRST_PAUSE
                        async for event in events(response):
                            yield event
                if response.status_code == 404:
                    await self.reopen(used)
                elif response.status_code == 405:
                    return  # the server has nothing to send
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def end(self) -> None:
        """Tell the server that the session is over, if it can be told in time."""
        if self.id is None:
            return
        with contextlib.suppress(httpx2.TransportError):
            await self._http.delete(self._url, headers=self.headers(), timeout=_FAREWELL)

    async def _post(self, message: Message, session: Mapping[str, str]) -> httpx2.Response:
        headers = {**headers_of(message), **session}
        return await self._http.post(self._url, content=json.dumps(message), headers=headers)
