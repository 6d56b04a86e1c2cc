"""Tells sessions of the handshake era which resources changed, through their GET stream."""

import asyncio
from collections.abc import Iterable
from typing import Any

from mcp_types import (
    INVALID_PARAMS,
    EmptyResult,
    SubscribeRequestParams,
    UnsubscribeRequestParams,
)

from mcp.server.connection import Connection
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError

_MOST = 256  # resources that one session may watch

Context = ServerRequestContext[Any, Any]


class Subscriptions:
    """Which sessions watch which resources.

    A session that reads slowly never holds up the others: what changed while it was busy is told
    once, however often it changed.
    """

    def __init__(self) -> None:
        self._watchers: dict[Connection, _Watcher] = {}

    def __len__(self) -> int:
        """How many sessions watch something."""
        return sum(1 for watcher in self._watchers.values() if watcher.uris)

    async def subscribe(self, ctx: Context, params: SubscribeRequestParams) -> EmptyResult:
        """Serve `resources/subscribe`."""
        watcher = self._watcher(ctx)
        if len(watcher.uris) >= _MOST:
            raise MCPError(INVALID_PARAMS, f"one session can watch {_MOST} resources at most")
        watcher.uris.add(str(params.uri))
        return EmptyResult()

    async def unsubscribe(self, ctx: Context, params: UnsubscribeRequestParams) -> EmptyResult:
        """Serve `resources/unsubscribe`."""
        self._watcher(ctx).uris.discard(str(params.uri))
        return EmptyResult()

    def publish(self, uris: Iterable[str]) -> None:
        """Tell every session about those of the resources that it watches."""
        changed = set(uris)
        for watcher in self._watchers.values():
            watcher.tell(changed)

    def _watcher(self, ctx: Context) -> "_Watcher":
        # The SDK (2.3.0, November 2026) gives handlers no public way to the connection, which is
        # the only thing that lives as long as the session and knows when it ends.
        connection = ctx.session._connection  # noqa: SLF001
        watcher = self._watchers.get(connection)
        if watcher is None:
            watcher = self._watchers[connection] = _Watcher(connection)
            connection.exit_stack.callback(self._forget, connection)
        return watcher

    def _forget(self, connection: Connection) -> None:
        watcher = self._watchers.pop(connection, None)
        if watcher is not None:
            watcher.close()


class _Watcher:
    """One session, and what it has yet to be told."""

    def __init__(self, connection: Connection) -> None:
        self.uris: set[str] = set()
        self._connection = connection
        self._untold: set[str] = set()
        self._wake = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name="mcp-subscription")

    def tell(self, changed: set[str]) -> None:
        matching = changed & self.uris
        if matching:
            self._untold |= matching
            self._wake.set()

    def close(self) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            untold, self._untold = sorted(self._untold), set()
            for uri in untold:
                await self._connection.send_resource_updated(uri)
