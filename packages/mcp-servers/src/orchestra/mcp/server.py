"""One MCP server over some parts, for clients of both protocol eras."""

import json
from collections.abc import Sequence
from typing import Any

from mcp_types import (
    CompleteRequestParams,
    CompleteResult,
    Completion,
    ResourceTemplateReference,
    SubscribeRequestParams,
    SubscriptionsListenRequestParams,
    UnsubscribeRequestParams,
)
from orchestra.mcp.guard import Guard
from orchestra.mcp.metrics import ToolMetrics
from orchestra.mcp.part import Part
from orchestra.mcp.subscriptions import Subscriptions

from mcp.server._otel import OpenTelemetryMiddleware
from mcp.server.caching import CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.mcpserver import MCPServer
from mcp.server.subscriptions import ListenHandler, SubscriptionBus

_LISTED = CacheHint(ttl_ms=60_000, scope="private")  # what a key may see changes with the key only
_READ = CacheHint(ttl_ms=1_000, scope="private")


class PartsServer(MCPServer[Any]):
    """The SDK's server with our parts, our guard, and resource changes for both eras."""

    def __init__(
        self,
        name: str,
        parts: Sequence[Part],
        *,
        version: str,
        bus: SubscriptionBus,
        metrics: ToolMetrics,
    ) -> None:
        super().__init__(
            name=name,
            version=version,
            instructions="\n".join(part.instructions for part in parts),
            tools=[tool for part in parts for tool in part.tools],
            subscriptions=bus,
            middleware=[Guard(parts, metrics)],
            cache_hints={
                "tools/list": _LISTED,
                "resources/list": _LISTED,
                "resources/templates/list": _LISTED,
                "resources/read": _READ,
            },
        )
        self._parts = parts
        self.talks = any(tool.talks for part in parts for tool in part.tools)
        self.session_subscriptions = Subscriptions()
        self._listen = ListenHandler(bus)  # the SDK makes one too, but nobody could close that
        for part in parts:
            part.add_resources(self)
        # We measure calls ourselves; the SDK's spans, which nobody collects here, cost each of them.
        layers = self._lowlevel_server.middleware
        layers[:] = [layer for layer in layers if not isinstance(layer, OpenTelemetryMiddleware)]
        # What the SDK checks against headers at each call; walking through schemas without any costs.
        mirrored = {t.name: t.parameters for p in parts for t in p.tools if _mirrors(t.parameters)}
        self._lowlevel_server.get_tool_input_schema = mirrored.get
        serve = self._lowlevel_server.add_request_handler
        serve("completion/complete", CompleteRequestParams, self._complete)
        serve("subscriptions/listen", SubscriptionsListenRequestParams, self._listen)
        serve("resources/subscribe", SubscribeRequestParams, self.session_subscriptions.subscribe)
        serve(
            "resources/unsubscribe",
            UnsubscribeRequestParams,
            self.session_subscriptions.unsubscribe,
        )

    def end_streams(self) -> None:
        """Bid every open `subscriptions/listen` stream farewell, as the protocol wants it."""
        self._listen.close()

    async def _complete(
        self, _ctx: ServerRequestContext[Any, Any], params: CompleteRequestParams
    ) -> CompleteResult:
        values: Sequence[str] = ()
        if isinstance(params.ref, ResourceTemplateReference):
            for part in self._parts:
                values = values or part.completions.get(params.ref.uri, ())
        matching = [value for value in values if value.startswith(params.argument.value)]
        return CompleteResult(completion=Completion(values=matching[:100], total=len(matching)))


def _mirrors(schema: dict[str, Any]) -> bool:
    """Whether an argument also stands in a header."""
    return "x-mcp-header" in json.dumps(schema)
