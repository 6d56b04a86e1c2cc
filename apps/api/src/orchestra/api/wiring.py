"""The composition root: the only file that knows every package and puts them together."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Protocol

import structlog
from orchestra.api.a2a.door import A2aDoor
from orchestra.api.admin import ensure_admin_key, ensure_master_key
from orchestra.api.asking import AskedModels, portkey_account
from orchestra.api.bus import open_bus
from orchestra.api.collections import Collections
from orchestra.api.database import open_database
from orchestra.api.gateway import ModelsMount, open_models
from orchestra.api.governance import build_governance
from orchestra.api.hooks import DeskPacks, NotesSection, build_hooks
from orchestra.api.mcp import McpMount
from orchestra.api.state import State
from orchestra.api.subscribers import Subscribers
from orchestra.api.tasks import JournalDiary, WaitingSection, build_tasks
from orchestra.context import (
    AGENTS,
    MIGRATIONS,
    ContextEngine,
    ContextLog,
    ContextStreamer,
    Snapshots,
)
from orchestra.context.briefs import LiveBrief
from orchestra.context.index.code_index import CodeIndex
from orchestra.context.index.embedding import ChunkEmbedding
from orchestra.context.memory import Memory, head_of
from orchestra.context.packs.chat_reranker import ChatReranker
from orchestra.context.packs.desk import Desk
from orchestra.context.sinks.files import FileSink
from orchestra.context.sinks.webhooks import Webhooks
from orchestra.context.sources import collectors_for
from orchestra.coordination import MIGRATIONS as COORDINATION
from orchestra.gateway import MIGRATIONS as GATEWAY
from orchestra.mcp import (
    ApprovalsPart,
    ContextPart,
    HandoffPart,
    McpEndpoints,
    MemoryPart,
    Part,
    ProcessMetrics,
)
from orchestra.mcp.enhanced_config import servers
from orchestra.mcp.servers import Backends, wire
from orchestra.shared.events import EventLog
from orchestra.shared.identity import Identity
from orchestra.shared.leadership import Leadership
from orchestra.shared.logs import configure_logs
from orchestra.shared.metrics import Metrics
from orchestra.shared.migrations import Migrations
from orchestra.shared.redaction import Redactor
from orchestra.shared.secrets import Secrets
from orchestra.shared.settings import Settings
from orchestra.vectors import MIGRATIONS as VECTORS
from orchestra.vectors import Embedder, open_embedder, open_store

_LATER = {
    "infrastructure": "needs an infrastructure backend",
    "validation": "needs a validation backend",
}

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def running(
    settings: Settings,
    metrics: Metrics,
    redactor: Redactor,
    mcp: McpMount,
    models: ModelsMount,
    parts: Sequence[Part] = (),
) -> AsyncGenerator[State]:
    """Build the parts in order, start them, and stop them in the opposite order."""
    configure_logs(settings.log_level, settings.log_format, redactor)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(settings, redactor))
        migrations = Migrations(database, [MIGRATIONS, VECTORS, COORDINATION, GATEWAY])
        applied = await migrations.apply()
        _log.info("database ready", migrations_applied=applied)

        events = EventLog(
            database, open_bus(settings, database), redactor=redactor, metrics=metrics
        )
        await _enter(stack, events)
        identity = Identity(database, events)
        await _enter(stack, identity)
        await ensure_admin_key(settings.state_folder, identity, redactor)

        context = ContextLog(settings.workspace, events, Snapshots(database))
        await _enter(stack, context)
        governance = build_governance(settings, database, events, redactor)
        work = build_tasks(settings, database, events, context, redactor)
        for part in (*governance.parts, *work.parts):
            await _enter(stack, part)
        secrets = Secrets(settings.state_folder, redactor)
        engine = ContextEngine(
            [
                *await asyncio.to_thread(
                    collectors_for,
                    settings,
                    secrets,
                    database,
                    migrations.pending,
                    governance.board,
                ),
                *work.collectors,
            ],
            context,
            events,
            Leadership(database, context.stream),
            redactor=redactor,
            metrics=metrics,
        )
        await _enter(stack, engine)
        subscribers = Subscribers(context, engine, metrics)
        stack.callback(identity.on_revoked(subscribers.revoke))
        webhooks = Webhooks(
            database,
            context,
            Leadership(database, f"webhooks/{settings.workspace}"),
            master=ensure_master_key(settings.state_folder),
            private=settings.private_webhooks,
        )
        await _enter(stack, webhooks)
        for secret in (settings.embedder_key, settings.rerank_key):
            if secret is not None:
                redactor.learn(secret.get_secret_value())
        embedder = await stack.enter_async_context(open_embedder(settings))
        served = await stack.enter_async_context(
            open_models(
                settings,
                identity,
                redactor,
                database=database,
                events=events,
                metrics=metrics,
                head=lambda: head_of(context.document),
                embedder=embedder,
            )
        )
        models.door = served.door
        memory = Memory(
            database,
            events,
            embedder,
            workspace=settings.workspace,
            redactor=redactor,
            head=lambda: head_of(context.document),
        )
        cache = settings.state_folder / "index.sqlite"
        index = CodeIndex(settings.repo, context, cache)
        await _enter(stack, index)
        embedding = None
        if settings.embedder != "hashing":  # which knows no more than the words that are counted
            embedding = ChunkEmbedding(index, embedder, cache, redactor.text)
            await _enter(stack, embedding)
        desk = Desk(
            index,
            context,
            memory,
            redactor.text,
            embedding=embedding,
            reranker=await _reranker(stack, settings, redactor),
            offers=work.handoffs,
        )

        files = [FileSink(settings.repo)] if settings.live_files else []
        streamer = ContextStreamer(context, {agent: files for agent in AGENTS})
        stack.push_async_callback(_stop, asyncio.create_task(streamer.stream_to_agents()))

        collections = await _collections(stack, settings, embedder, redactor)
        account = await stack.enter_async_context(
            portkey_account(served.built.config.portkey, secrets, redactor.text)
        )
        asked = AskedModels(served.built, redactor.text)
        declared = wire(
            servers(secrets), Backends(collections=collections, models=asked, account=account)
        )
        ours: list[Part] = [
            ContextPart(context, engine.settle, desk),
            MemoryPart(memory),
            ApprovalsPart(governance.approvals),
            HandoffPart(work.tasks, work.handoffs),
        ]
        mcp.endpoints = McpEndpoints(
            [*ours, *declared.parts, *parts],
            absent=declared.absent | _LATER,
            alone=declared.alone,
            version=version("orchestra-api"),
            hosts=("127.0.0.1", "localhost", "::1", *settings.hosts),
            metrics=ProcessMetrics(metrics),
        )
        stack.callback(identity.on_revoked(mcp.endpoints.end))
        await stack.enter_async_context(mcp.endpoints.run())
        a2a = A2aDoor(
            work.tasks, work.handoffs, events, workspace=settings.workspace, redactor=redactor
        )
        stack.callback(identity.on_revoked(a2a.end))
        state = State(
            settings=settings,
            database=database,
            migrations=migrations,
            events=events,
            identity=identity,
            context=context,
            engine=engine,
            subscribers=subscribers,
            webhooks=webhooks,
            index=index,
            desk=desk,
            memory=memory,
            governance=governance,
            hooks=build_hooks(
                settings,
                database,
                governance,
                LiveBrief(context, redactor.text),
                sections=[WaitingSection(work.handoffs), NotesSection(memory)],
                packs=DeskPacks(desk),
                diaries=[JournalDiary(work.journal)],
            ),
            work=work,
            a2a=a2a,
            mcp=mcp.endpoints,
            models=served,
            metrics=metrics,
            redactor=redactor,
            started_at=datetime.now(UTC),
        )
        subscribers.start()
        stack.push_async_callback(subscribers.close)
        yield state


async def _collections(
    stack: AsyncExitStack, settings: Settings, embedder: Embedder, redactor: Redactor
) -> Collections | None:
    """Collections over MCP, where a Weaviate is configured."""
    if settings.vector_store != "weaviate":
        return None
    store = await open_store(settings)
    stack.push_async_callback(store.close)
    return Collections(store, embedder, workspace=settings.workspace, redact=redactor.text)


class _Part(Protocol):
    async def start(self) -> None: ...

    async def close(self) -> None: ...


async def _reranker(
    stack: AsyncExitStack, settings: Settings, redactor: Redactor
) -> ChatReranker | None:
    """The model that puts places in order, where one is named."""
    if settings.rerank_url is None or settings.rerank_model is None:
        return None
    url, model, key = settings.rerank_url, settings.rerank_model, settings.rerank_key
    return await stack.enter_async_context(ChatReranker(url, model, key, redactor.text))


async def _enter(stack: AsyncExitStack, part: _Part) -> None:
    await part.start()
    stack.push_async_callback(part.close)


async def _stop(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
