"""The application: routes, errors, the outer wall, and the dashboard's files."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

import orjson
from fastapi import APIRouter, Depends, FastAPI, Response
from orchestra.api import problems
from orchestra.api.auth import AnyCaller, current_caller
from orchestra.api.dashboard import Dashboard
from orchestra.api.guard import Guard
from orchestra.api.mcp import McpMount
from orchestra.api.problems import Problem
from orchestra.api.routes import context, events, keys, session, status, stream, webhooks
from orchestra.api.state import System
from orchestra.api.wiring import running
from orchestra.shared.metrics import Metrics
from orchestra.shared.settings import Settings
from starlette.routing import Route
from starlette.types import ASGIApp

_PROBLEMS: dict[int | str, dict[str, Any]] = {
    code: {
        "description": meaning,
        "content": {"application/problem+json": {"schema": Problem.model_json_schema()}},
    }
    for code, meaning in {
        400: "The request cannot be read",
        401: "No credentials, or none that are good",
        403: "The key lacks the scope, or the origin is not allowed",
        404: "There is no such thing",
        413: "The body is too large",
        415: "The body is compressed",
        421: "The Host is not ours",
        422: "The request is well formed and cannot be served",
        429: "Too many requests",
        503: "Something that we depend on does not answer",
    }.items()
}


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application for one repository; everything it needs is built when it starts."""
    settings = settings or Settings.load()
    metrics = Metrics()
    mcp = McpMount()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[System]:
        async with running(settings, metrics, mcp) as state:
            app.state.system = state
            yield {"state": state}

    app = FastAPI(
        title="Orchestra",
        version=version("orchestra-api"),
        description="The live context of a repository, for the agents and people who work on it.",
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        responses=_PROBLEMS,
    )
    problems.install(app)
    app.include_router(_api(), prefix="/api/v1")
    app.include_router(status.probes)
    _publish_openapi(app)
    app.router.routes += [Route("/mcp", mcp), Route("/mcp/{server}", mcp)]
    app.router.default = Dashboard(settings.frontend_dir)  # after all, so that 405 stays 405
    app.add_middleware(Guard, hosts=(settings.host, *settings.public_hosts), metrics=metrics)
    return app


def _api() -> APIRouter:
    api = APIRouter()
    for module in (context, stream, events, keys, session, webhooks, status):
        api.include_router(module.router)
    return api


def _publish_openapi(app: FastAPI) -> None:
    @app.get(
        "/api/v1/openapi.json", include_in_schema=False, dependencies=[Depends(current_caller)]
    )
    async def openapi(_caller: AnyCaller) -> Response:
        return Response(orjson.dumps(app.openapi()), media_type="application/json")


def asgi() -> ASGIApp:
    """The application with settings from the environment, for servers that load it by name."""
    return create_app()
