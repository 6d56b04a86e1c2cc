"""A client that costs little: it calls one tool again and again, in either protocol era."""

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any, Literal

import httpx2

Era = Literal["2026-07-28", "2025-11-25"]
TOOL = "context_get"
_META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where calls go, and the key for it."""

    url: str
    key: str = "none"


def call(
    endpoint: Endpoint, era: Era, arguments: dict[str, Any], calls: int, at_once: int
) -> float:
    """Make so many calls, `at_once` at a time; the seconds that it took.

    Raises:
        RuntimeError: one was not answered as it should be.
    """
    return asyncio.run(_call(endpoint, era, arguments, calls, at_once))


async def _call(
    endpoint: Endpoint, era: Era, arguments: dict[str, Any], calls: int, at_once: int
) -> float:
    limits = httpx2.Limits(max_connections=at_once, max_keepalive_connections=at_once)
    async with httpx2.AsyncClient(timeout=30, limits=limits, trust_env=False) as http:
        headers = await _headers(http, endpoint, era)
        params: dict[str, Any] = {"name": TOOL, "arguments": arguments}
        if era == "2026-07-28":
            params["_meta"] = _META
        left = iter(range(calls))

        async def work() -> None:
            for number in left:
                body = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}
                content = json.dumps(body).encode()
                answer = await http.post(endpoint.url, content=content, headers=headers)
                result = answer.json().get("result") if answer.is_success else None
                if result is None or result.get("isError"):
                    raise RuntimeError(
                        f"{endpoint.url} answered {answer.status_code}: {answer.text[:300]}"
                    )

        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(work())
        return time.perf_counter() - started


async def _headers(http: httpx2.AsyncClient, endpoint: Endpoint, era: Era) -> dict[str, str]:
    headers = {
        "Authorization": f"Bearer {endpoint.key}",
        "Accept": "application/json, text/event-stream",
        "Content-Type": "application/json",
        "MCP-Protocol-Version": era,
    }
    if era == "2026-07-28":
        return headers | {"Mcp-Method": "tools/call", "Mcp-Name": TOOL}
    opening = {
        "protocolVersion": era,
        "capabilities": {},
        "clientInfo": {"name": "bench", "version": "1"},
    }
    body = {"jsonrpc": "2.0", "id": "open", "method": "initialize", "params": opening}
    answer = await http.post(endpoint.url, json=body, headers=headers)
    headers["Mcp-Session-Id"] = answer.headers["Mcp-Session-Id"]
    ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    await http.post(endpoint.url, json=ready, headers=headers)
    return headers
