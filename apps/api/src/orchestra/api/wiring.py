"""The composition root: the only file that knows every package and puts them together."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Protocol

import structlog
from orchestra.api.admin import ensure_admin_key, ensure_master_key
from orchestra.api.collections import Collections
from orchestra.api.governance import build_governance
from orchestra.api.hooks import DeskPacks, NotesSection, build_hooks
from orchestra.api.mcp import McpMount
from orchestra.api.state import State
from orchestra.api.subscribers import Subscribers
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
from orchestra.mcp import ApprovalsPart, ContextPart, McpEndpoints, MemoryPart, Part, ProcessMetrics
from orchestra.mcp.enhanced_config import servers
from orchestra.mcp.servers import Backends, wire
from orchestra.shared.db import Database
from orchestra.shared.errors import Unavailable
from orchestra.shared.events import Bus, EventLog, PostgresBus, RedisBus
from orchestra.shared.identity import Identity
from orchestra.shared.leadership import Leadership
from orchestra.shared.logs import configure_logs
from orchestra.shared.metrics import Metrics
from orchestra.shared.migrations import Migrations
from orchestra.shared.postgres import EmbeddedPostgres
from orchestra.shared.redaction import Redactor
from orchestra.shared.secrets import Secrets
from orchestra.shared.settings import Settings
from orchestra.vectors import Embedder, open_embedder, open_store

_WATCH = 0.2  # seconds between looks whether the embedded database's process lives
_AFTER_FAILURE = 10.0  # seconds until it is tried again to start it
_ASK = 15.0  # seconds between questions whether it answers, which cost it a connection

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
    parts: Sequence[Part] = (),
) -> AsyncGenerator[State]:
    """Build the parts in order, start them, and stop them in the opposite order."""
    configure_logs(settings.log_level, settings.log_format, redactor)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(_database(settings, redactor))
        migrations = Migrations(database, [MIGRATIONS, COORDINATION])
        applied = await migrations.apply()
        _log.info("database ready", migrations_applied=applied)

        events = EventLog(database, _bus(settings, database), redactor=redactor, metrics=metrics)
        await _enter(stack, events)
        identity = Identity(database, events)
        await _enter(stack, identity)
        await ensure_admin_key(settings.state_folder, identity, redactor)

        context = ContextLog(settings.workspace, events, Snapshots(database))
        await _enter(stack, context)
        governance = build_governance(settings, database, events, redactor)
        for part in governance.parts:
            await _enter(stack, part)
        secrets = Secrets(settings.state_folder, redactor)
        engine = ContextEngine(
            await asyncio.to_thread(
                collectors_for, settings, secrets, database, migrations.pending, governance.board
            ),
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
        )

        files = [FileSink(settings.repo)] if settings.live_files else []
        streamer = ContextStreamer(context, {agent: files for agent in AGENTS})
        stack.push_async_callback(_stop, asyncio.create_task(streamer.stream_to_agents()))

        collections = await _collections(stack, settings, embedder, redactor)
        declared = wire(servers(secrets), Backends(collections=collections))
        ours: list[Part] = [
            ContextPart(context, engine.settle, desk),
            MemoryPart(memory),
            ApprovalsPart(governance.approvals),
        ]
        mcp.endpoints = McpEndpoints(
            [*ours, *declared.parts, *parts],
            absent=declared.absent | _LATER,
            version=version("orchestra-api"),
            hosts=("127.0.0.1", "localhost", "::1", *settings.hosts),
            metrics=ProcessMetrics(metrics),
        )
        stack.callback(identity.on_revoked(mcp.endpoints.end))
        await stack.enter_async_context(mcp.endpoints.run())
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
                sections=[NotesSection(memory)],
                packs=DeskPacks(desk),
            ),
            mcp=mcp.endpoints,
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


@asynccontextmanager
async def _database(settings: Settings, redactor: Redactor) -> AsyncGenerator[Database]:
    """The configured database, or the embedded one, which is kept alive."""
    async with AsyncExitStack() as stack:
        if settings.database_url is not None:
            dsn = settings.database_url.get_secret_value()
        else:
            postgres = EmbeddedPostgres(settings.state_folder)
            dsn = await asyncio.to_thread(postgres.ensure)
            keeper = asyncio.create_task(_keep_alive(postgres), name="postgres-keeper")
            stack.push_async_callback(_stop, keeper)
        database = Database(dsn)
        if password := database.engine.url.password:
            redactor.learn(str(password))
        stack.push_async_callback(database.close)
        if settings.database_url is not None:
            await _reach(database)
        yield database


async def _reach(database: Database) -> None:
    """Find out at the start whether the configured database answers, and say which it is."""
    url = database.engine.url
    try:
        connection = await database.connect()
    except Unavailable as error:
        place = f"{url.host or 'localhost'}:{url.port or 5432}/{url.database or ''}"
        raise Unavailable(
            f"the database `{place}` cannot be reached ({type(error.__cause__).__name__})",
            hint="start it, or mend ORCHESTRA_DATABASE_URL (or DATABASE_URL);"
            " without them Orchestra runs a database of its own",
        ) from error
    await connection.close()


async def _keep_alive(postgres: EmbeddedPostgres) -> None:
    clock = asyncio.get_running_loop().time
    asked = clock()
    while True:
        await asyncio.sleep(_WATCH)
        lives = postgres.lives()
        if lives and clock() - asked < _ASK:
            continue
        if not lives:
            _log.warning("the embedded database is gone; it is started again")
        try:
            await asyncio.to_thread(postgres.ensure)
        except Exception:  # noqa: BLE001 - whatever it was: nobody else would start it again
            _log.exception("the embedded database cannot be kept alive")
            await asyncio.sleep(_AFTER_FAILURE)
        asked = clock()


def _bus(settings: Settings, database: Database) -> Bus:
    if settings.redis_url is not None:
        return RedisBus(settings.redis_url.get_secret_value())
    return PostgresBus(database)


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
