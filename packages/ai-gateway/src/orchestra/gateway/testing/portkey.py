"""A stand-in for Portkey's service, over HTTP: its administration, and calls to one target."""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

_AT = "2026-11-01T00:00:00.000Z"
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class FakePortkey:
    """What the account holds, and what was asked. `failing` answers 503 so many times first."""

    key: str
    url: str = ""
    configs: dict[str, dict[str, Any]] = field(default_factory=dict)
    virtual_keys: list[dict[str, Any]] = field(default_factory=list)
    exports: dict[str, dict[str, Any]] = field(default_factory=dict)
    logs: list[Any] = field(default_factory=list)
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Paths and headers, names in lower case."""
    failing: int = 0


@asynccontextmanager
async def fake_portkey(key: str) -> AsyncGenerator[FakePortkey]:
    """The service, on loopback, for as long as the block lasts."""
    fake = FakePortkey(key)
    service = _Service(fake)
    application = web.Application(middlewares=[service.door])
    application.add_routes(
        [
            web.get("/v1/configs", service.list_configs),
            web.post("/v1/configs", service.create_config),
            web.get("/v1/configs/{slug}", service.get_config),
            web.put("/v1/configs/{slug}", service.update_config),
            web.delete("/v1/configs/{slug}", service.delete_config),
            web.get("/v1/virtual-keys", service.list_virtual_keys),
            web.post("/v1/logs", service.insert_log),
            web.get("/v1/logs/exports", service.list_exports),
            web.post("/v1/logs/exports", service.create_export),
            web.post("/v1/logs/exports/{id}/start", service.start_export),
            *(
                web.post(f"/v1/{path}", service.call)
                for path in ("chat/completions", "responses", "embeddings", "messages")
            ),
        ]
    )
    runner = web.AppRunner(application, access_log=None, handler_cancellation=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        yield fake
    finally:
        await runner.cleanup()


class _Service:
    def __init__(self, fake: FakePortkey) -> None:
        self._fake = fake

    @web.middleware
    async def door(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Only those with the account's key; and nobody while it fails."""
        fake = self._fake
        fake.calls.append((request.path, {k.lower(): v for k, v in request.headers.items()}))
        if fake.failing > 0:
            fake.failing -= 1
            return _failure(503, "Service unavailable")
        if request.headers.get("x-portkey-api-key") != fake.key:
            return _failure(401, "Invalid API Key")
        return await handler(request)

    async def list_configs(self, _request: web.Request) -> web.Response:
        hidden = {"config", "format", "type", "version_id", "object"}
        shown = [
            {k: v for k, v in config.items() if k not in hidden}
            for config in self._fake.configs.values()
        ]
        return web.json_response({"object": "list", "total": len(shown), "data": shown})

    async def create_config(self, request: web.Request) -> web.Response:
        order = await request.json()
        if not order.get("name") or not isinstance(order.get("config"), dict):
            return _failure(400, "name and config are required")
        number = len(self._fake.configs) + 1
        slug = f"pc-{order['name'][:6].lower().replace(' ', '-')}-{number:06d}"
        self._fake.configs[slug] = {
            "id": f"00000000-0000-4000-8000-{number:012d}",
            "name": order["name"],
            "slug": slug,
            "is_default": 0,
            "status": "active",
            "created_at": _AT,
            "last_updated_at": _AT,
            "config": order["config"],
            "format": "json",
            "type": "ORG_CONFIG",
            "version_id": f"v{number}",
            "object": "config",
        }
        made = {k: self._fake.configs[slug][k] for k in ("id", "version_id", "slug", "object")}
        return web.json_response(made)

    async def get_config(self, request: web.Request) -> web.Response:
        config = self._fake.configs.get(request.match_info["slug"])
        return _failure(404, "Config not found") if config is None else web.json_response(config)

    async def update_config(self, request: web.Request) -> web.Response:
        config = self._fake.configs.get(request.match_info["slug"])
        if config is None:
            return _failure(404, "Config not found")
        order = await request.json()
        config |= {k: order[k] for k in ("name", "config", "status") if k in order}
        return web.json_response({"version_id": config["version_id"], "object": "config"})

    async def delete_config(self, request: web.Request) -> web.Response:
        if self._fake.configs.pop(request.match_info["slug"], None) is None:
            return _failure(404, "Config not found")
        return web.json_response({})

    async def list_virtual_keys(self, _request: web.Request) -> web.Response:
        keys = self._fake.virtual_keys
        return web.json_response({"object": "list", "total": len(keys), "data": keys})

    async def insert_log(self, request: web.Request) -> web.Response:
        self._fake.logs.append(await request.json())
        return web.json_response({"status": "success"})

    async def list_exports(self, _request: web.Request) -> web.Response:
        exports = list(self._fake.exports.values())
        return web.json_response({"object": "list", "total": len(exports), "data": exports})

    async def create_export(self, request: web.Request) -> web.Response:
        order = await request.json()
        id = f"export-{len(self._fake.exports) + 1}"
        self._fake.exports[id] = {
            "id": id,
            "status": "draft",
            "description": order.get("description"),
            "filters": order.get("filters"),
            "created_at": _AT,
            "object": "export",
        }
        return web.json_response({"id": id, "total": 0, "object": "export"})

    async def start_export(self, request: web.Request) -> web.Response:
        export = self._fake.exports.get(request.match_info["id"])
        if export is None:
            return _failure(404, "Export not found")
        export["status"] = "in_progress"
        return web.json_response({"message": "Log export job started", "object": "export"})

    async def call(self, request: web.Request) -> web.StreamResponse:
        """Ask the one target of a configuration that came with the call, and pass on its answer.

        Like the service, it ends a stream that its provider cut as if it were complete.
        """
        try:
            config = json.loads(request.headers.get("x-portkey-config", ""))
            (target,) = config["targets"]
        except (ValueError, KeyError, TypeError):
            return _failure(400, "Either x-portkey-config or x-portkey-provider header is required")
        path = request.path.removeprefix("/v1")
        name = "x-api-key" if target["provider"] == "anthropic" else "authorization"
        key = target.get("api_key", "")
        headers = {
            name: key if name == "x-api-key" else f"Bearer {key}",
            "content-type": "application/json",
        }
        async with (
            aiohttp.ClientSession() as http,
            http.post(
                target["custom_host"] + path, data=await request.read(), headers=headers
            ) as answer,
        ):
            kind = answer.headers.get("content-type", "application/json")
            passed = web.StreamResponse(
                status=answer.status,
                headers={"content-type": kind, "x-portkey-provider": target["provider"]},
            )
            await passed.prepare(request)
            try:
                async for piece in answer.content.iter_any():
                    await passed.write(piece)
            except aiohttp.ClientError:
                pass
            return passed


def _failure(status: int, message: str) -> web.Response:
    document = {"success": False, "data": {"message": message}}
    return web.json_response(document, status=status)
