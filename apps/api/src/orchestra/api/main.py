"""The application: routes, errors, the outer wall, and the dashboard's files."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version

from fastapi import APIRouter, FastAPI
from orchestra.api import openapi, problems
from orchestra.api.dashboard import Dashboard
from orchestra.api.gateway import ModelsMount
from orchestra.api.guard import Guard
from orchestra.api.mcp import McpFirst, McpMount
from orchestra.api.models import ModelsFirst
from orchestra.api.routes import (
    a2a,
    agents,
    approvals,
    audit,
    context,
    events,
    gateway,
    handoffs,
    hooks,
    keys,
    memory,
    search,
    session,
    status,
    stream,
    tasks,
    webhooks,
)
from orchestra.api.state import System
from orchestra.api.wiring import running
from orchestra.gateway.door.door import ModelDoor
from orchestra.mcp import Part
from orchestra.shared.errors import OrchestraError
from orchestra.shared.metrics import Metrics
from orchestra.shared.redaction import Redactor
from orchestra.shared.settings import Settings
from starlette.types import ASGIApp


def create_app(settings: Settings | None = None, parts: Sequence[Part] = ()) -> FastAPI:
    """The application for one repository; everything it needs is built when it starts.

    `parts` are served over MCP besides our own.
    """
    settings = settings or Settings.load()
    metrics = Metrics()
    redactor = Redactor()
    mcp = McpMount(redactor)
    models = ModelsMount()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[System]:
        async with AsyncExitStack() as stack:
            try:
                state = await stack.enter_async_context(
                    running(settings, metrics, redactor, mcp, models, parts)
                )
            except OrchestraError as error:
                app.state.refusal = error
                raise
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
        responses=openapi.PROBLEMS,
    )
    problems.install(app, redactor)
    app.include_router(_api(), prefix="/api/v1")
    app.include_router(status.probes)
    app.include_router(a2a.router)
    openapi.install(app)
    app.router.default = Dashboard(settings.frontend_dir)  # after all, so that 405 stays 405
    app.add_middleware(McpFirst, mount=mcp)
    app.add_middleware(ModelsFirst, mount=models)
    app.add_middleware(Guard, hosts=settings.hosts, metrics=metrics, unbounded=ModelDoor.serves)
    return app


def _api() -> APIRouter:
    api = APIRouter()
    for module in (
        context,
        stream,
        search,
        memory,
        agents,
        approvals,
        audit,
        tasks,
        handoffs,
        events,
        gateway,
        hooks,
        keys,
        session,
        webhooks,
        status,
    ):
        api.include_router(module.router)
    return api


def asgi() -> ASGIApp:
    """The application with settings from the environment, for servers that load it by name."""
    return create_app()
