"""Decides for each message whether its sender may send it, and measures the tool calls."""

from collections.abc import Sequence
from time import perf_counter
from typing import Any

from mcp_types import INVALID_PARAMS, INVALID_REQUEST
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS
from orchestra.mcp.callers import caller_of
from orchestra.mcp.metrics import Outcome, ToolCall, ToolMetrics
from orchestra.mcp.part import Part
from orchestra.shared.errors import OrchestraError
from orchestra.shared.identity import Caller

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError

_MOST_URIS = 256  # resources that one stream may watch
_PROTOCOLS = frozenset({*HANDSHAKE_PROTOCOL_VERSIONS, *MODERN_PROTOCOL_VERSIONS})
_OPEN_TO_ALL = frozenset({"initialize", "ping", "server/discover"})
_LISTS = {
    "resources/list": ("resources", "uri"),
    "resources/templates/list": ("resourceTemplates", "uriTemplate"),
}

Context = ServerRequestContext[Any, Any]


class Guard:
    """SDK middleware: the lists show a caller what it may use, and the rest is refused."""

    def __init__(self, parts: Sequence[Part], metrics: ToolMetrics) -> None:
        self._parts = parts
        self._metrics = metrics
        self._tools = {tool.name: tool for part in parts for tool in part.tools}

    async def __call__(self, ctx: Context, call_next: CallNext) -> HandlerResult:
        """Serve one message, or refuse it with a JSON-RPC error that says why."""
        if ctx.request_id is None or ctx.method in _OPEN_TO_ALL:
            return await call_next(ctx)
        try:
            caller = caller_of(ctx)
            self._check(ctx, caller)
        except OrchestraError as error:
            raise _refusal(error) from error
        if ctx.method == "tools/call":
            return await self._measured(ctx, caller, call_next)
        result = await call_next(ctx)
        if isinstance(result, dict):
            self._filter(ctx.method, caller, result)
        return result

    def _check(self, ctx: Context, caller: Caller) -> None:
        params = ctx.params or {}
        match ctx.method:
            case "resources/read" | "resources/subscribe":
                self._require(caller, params.get("uri"))
            case "completion/complete":
                ref = params.get("ref")
                self._require(caller, ref.get("uri") if isinstance(ref, dict) else None)
            case "subscriptions/listen":
                self._check_listen(caller, params)

    def _check_listen(self, caller: Caller, params: Any) -> None:  # noqa: ANN401 - not validated yet
        wanted = params.get("notifications")
        uris = wanted.get("resourceSubscriptions") if isinstance(wanted, dict) else None
        if isinstance(uris, list) and uris:
            if len(uris) > _MOST_URIS:
                raise MCPError(
                    INVALID_PARAMS, f"one stream can watch {_MOST_URIS} resources at most"
                )
            for uri in uris:
                self._require(caller, uri)
        elif not any(caller.can(part.scope) for part in self._parts):
            caller.require(self._parts[0].scope)

    def _require(self, caller: Caller, uri: object) -> None:
        """Leave what is no URI to the handlers, which say what is wrong with it."""
        if not isinstance(uri, str):
            return
        part = next((p for p in self._parts if uri.startswith(p.prefix)), None)
        if part is None:
            raise MCPError(INVALID_PARAMS, "Resource not found", {"uri": uri[:200]})
        caller.require(part.scope)

    def _filter(self, method: str, caller: Caller, result: dict[str, Any]) -> None:
        if method == "tools/list":
            result["tools"] = [
                tool for tool in result["tools"] if caller.can(self._tools[tool["name"]].scope)
            ]
        elif method in _LISTS:
            key, field = _LISTS[method]
            result[key] = [item for item in result[key] if self._visible(caller, item[field])]

    def _visible(self, caller: Caller, uri: str) -> bool:
        return any(uri.startswith(p.prefix) and caller.can(p.scope) for p in self._parts)

    async def _measured(self, ctx: Context, caller: Caller, call_next: CallNext) -> HandlerResult:
        name = (ctx.params or {}).get("name")
        if not isinstance(name, str) or name not in self._tools:
            known = ", ".join(n for n, tool in self._tools.items() if caller.can(tool.scope))
            raise MCPError(
                INVALID_PARAMS,
                f"there is no tool `{str(name)[:80]}`\nhint: call one of: {known or 'none'}",
            )
        started = perf_counter()
        outcome: Outcome = "crashed"
        try:
            result = await call_next(ctx)
            refused = isinstance(result, dict) and result.get("isError") is True
            outcome = "refused" if refused else "ok"
            return result
        finally:
            seconds = perf_counter() - started
            protocol = ctx.protocol_version if ctx.protocol_version in _PROTOCOLS else "other"
            self._metrics.called(ToolCall(name, caller.name, outcome, seconds, protocol))


def _refusal(error: OrchestraError) -> MCPError:
    return MCPError(INVALID_REQUEST, str(error), {"code": error.code, "hint": error.hint})
