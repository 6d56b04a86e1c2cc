"""What a request finds in `request.state`: the parts that the composition root built."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import TypedDict, cast

from orchestra.api.a2a.door import A2aDoor
from orchestra.api.gateway import Models
from orchestra.api.governance import Governance
from orchestra.api.limits import RateLimits
from orchestra.api.subscribers import Subscribers
from orchestra.api.tasks import TaskDesk
from orchestra.context import ContextEngine, ContextLog
from orchestra.context.index.code_index import CodeIndex
from orchestra.context.memory import Memory
from orchestra.context.packs.desk import Desk
from orchestra.context.sinks.webhooks import Webhooks
from orchestra.coordination.hooks import Hooks
from orchestra.mcp import McpEndpoints
from orchestra.shared.db import Database
from orchestra.shared.events import EventLog
from orchestra.shared.identity import Identity
from orchestra.shared.metrics import Metrics
from orchestra.shared.migrations import Migrations
from orchestra.shared.redaction import Redactor
from orchestra.shared.settings import Settings
from starlette.requests import HTTPConnection


class System(TypedDict):
    """The parts, by name; `lifespan` yields them and Starlette hands them to every request."""

    state: "State"


class State:
    """The running system, as the routes see it."""

    def __init__(
        self,
        *,
        settings: Settings,
        database: Database,
        migrations: Migrations,
        events: EventLog,
        identity: Identity,
        context: ContextLog,
        engine: ContextEngine,
        subscribers: Subscribers,
        webhooks: Webhooks,
        index: CodeIndex,
        desk: Desk,
        memory: Memory,
        governance: Governance,
        hooks: Hooks,
        work: TaskDesk,
        a2a: A2aDoor,
        mcp: McpEndpoints,
        models: Models,
        metrics: Metrics,
        redactor: Redactor,
        started_at: datetime,
    ) -> None:
        self.settings = settings
        self.database = database
        self.migrations = migrations
        self.events = events
        self.identity = identity
        self.context = context
        self.engine = engine
        self.subscribers = subscribers
        self.webhooks = webhooks
        self.index = index
        self.desk = desk
        self.memory = memory
        self.governance = governance
        self.hooks = hooks
        self.tasks = work.tasks
        self.handoffs = work.handoffs
        self.a2a = a2a
        self.mcp = mcp
        self.models = models
        self.metrics = metrics
        self.redactor = redactor
        self.started_at = started_at
        rate = settings.requests_per_second
        self.limits = RateLimits(rate, burst=2 * rate)
        self.failures = RateLimits(rate=200, burst=2000)
        self.stopping = asyncio.Event()

    @property
    def repository(self) -> Path:
        """The served repository."""
        return self.settings.repo


def state_of(connection: HTTPConnection) -> State:
    """The running system that serves this request."""
    return cast("State", connection.state.state)
