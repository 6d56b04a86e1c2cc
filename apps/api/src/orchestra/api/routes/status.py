"""`/api/v1/status`, and the routes for probes: `/healthz`, `/readyz`, `/metrics`."""

from dataclasses import asdict
from datetime import datetime
from importlib.metadata import version

from fastapi import APIRouter, Request, Response
from orchestra.api.auth import AnyCaller, Reader
from orchestra.api.state import state_of
from orchestra.api.strict import StrictRoute
from orchestra.shared.errors import Unavailable
from pydantic import BaseModel

router = APIRouter(route_class=StrictRoute, tags=["status"])
probes = APIRouter(include_in_schema=False)


class Source(BaseModel):
    """One collector."""

    topic: str
    status: str
    source: str
    detail: str | None
    checked_at: datetime | None


class DatabaseStatus(BaseModel):
    """The database as this process sees it."""

    reachable: bool
    embedded: bool
    pending_migrations: list[str]


class McpServer(BaseModel):
    """An MCP server: served with these of its tools for the caller, or absent for what it lacks."""

    name: str
    served: bool
    tools: list[str]
    lacks: str


class Status(BaseModel):
    """The running system."""

    version: str
    workspace: str
    repository: str
    started_at: datetime
    collecting: bool
    database: DatabaseStatus
    sources: list[Source]
    mcp_servers: list[McpServer]
    stream: str
    seq: int


@router.get("/status", summary="The running system")
async def status(request: Request, caller: Reader) -> Status:
    """What runs, and how each source is."""
    state = state_of(request)
    facts = state.context.document["topics"]
    sources = []
    for collector in state.engine.collectors:
        fact = facts.get(collector.topic) if isinstance(facts, dict) else None
        known = fact if isinstance(fact, dict) else {}
        sources.append(
            Source(
                topic=collector.topic,
                status=str(known.get("status", "waiting")),
                source=str(known.get("source", "")),
                detail=None if known.get("detail") is None else str(known["detail"]),
                checked_at=state.engine.checked.get(collector.topic),
            )
        )
    try:
        database = DatabaseStatus(
            reachable=True,
            embedded=state.settings.database_url is None,
            pending_migrations=await state.migrations.pending(),
        )
    except (Unavailable, OSError):
        embedded = state.settings.database_url is None
        database = DatabaseStatus(reachable=False, embedded=embedded, pending_migrations=[])
    return Status(
        version=version("orchestra-api"),
        workspace=state.settings.workspace,
        repository=state.redactor.text(str(state.repository)),
        started_at=state.started_at,
        collecting=state.engine.collecting,
        database=database,
        sources=sources,
        mcp_servers=[McpServer(**asdict(listed)) for listed in state.mcp.roster(caller)],
        stream=state.context.stream,
        seq=state.context.seq,
    )


@probes.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process answers. Says nothing else, so it needs no key."""
    return {"status": "ok"}


@probes.get("/readyz")
async def readyz(request: Request) -> dict[str, str]:
    """The process can serve: its database answers. Says nothing else, so it needs no key."""
    state = state_of(request)
    if state.stopping.is_set():
        raise Unavailable("the server stops", hint="ask another process")
    await state.events.head(state.context.stream)
    return {"status": "ready"}


@probes.get("/metrics")
async def metrics(request: Request, _caller: AnyCaller) -> Response:
    """Prometheus text."""
    content = state_of(request).metrics.render()
    return Response(content, media_type="text/plain; version=0.0.4; charset=utf-8")
