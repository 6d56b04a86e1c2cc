"""The gateway to models, wired to keys and settings, and served before the framework."""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestra.api.answers import open_answers
from orchestra.api.model_keys import ModelKeys
from orchestra.gateway.build import Built, build, resolve_keys
from orchestra.gateway.cache.response_cache import ResponseCache
from orchestra.gateway.config import FILE, GatewayConfig, load
from orchestra.gateway.config.sections import Layer
from orchestra.gateway.cost.opening import Cost, open_cost
from orchestra.gateway.cost.outcomes import Outcomes
from orchestra.gateway.cost.report import Reports
from orchestra.gateway.door.asgi import Receive, Scope, Send
from orchestra.gateway.door.door import ModelDoor
from orchestra.gateway.door.errors import error_body
from orchestra.gateway.observe import Counters, Observed, collected_spans
from orchestra.gateway.portkey.layer import portkey_layer
from orchestra.gateway.providers.provider import Provider
from orchestra.shared.db import Database
from orchestra.shared.events import EventLog
from orchestra.shared.identity import Identity
from orchestra.shared.metrics import Metrics
from orchestra.shared.redaction import Redactor
from orchestra.shared.secrets import Secrets
from orchestra.shared.settings import Settings
from orchestra.vectors import Embedder

if TYPE_CHECKING:  # it brings an HTTP client that a process without this layer has no use for
    from orchestra.gateway.portkey.provider import PortkeyProvider


@dataclass(frozen=True, slots=True)
class Models:
    """The gateway as it runs."""

    built: Built
    door: ModelDoor
    cost: Cost
    cache: ResponseCache
    reports: Reports
    outcomes: Outcomes
    portkey: "PortkeyProvider | None"
    """The layer, where a provider is reached through it."""


def gateway_config(settings: Settings) -> GatewayConfig:
    """What the operator says about models.

    Raises:
        Invalid: with the file, the line where it is known, and the key.
    """
    path = settings.gateway_config
    if path is not None:
        return load(path.expanduser(), must_exist=True)
    return load(settings.state_folder / FILE)


@asynccontextmanager
async def open_models(
    settings: Settings,
    identity: Identity,
    redactor: Redactor,
    *,
    database: Database,
    events: EventLog,
    metrics: Metrics,
    head: Callable[[], str | None] | None = None,
    embedder: Embedder | None = None,
) -> AsyncGenerator[Models]:
    """The gateway with its door. `head` is the commit that is served, where anybody knows it."""
    config = gateway_config(settings)
    secrets = Secrets(settings.state_folder, redactor)
    known = resolve_keys(config, secrets)
    portkey = portkey_layer(config, known.usable, secrets, redactor.text)
    layers: dict[Layer, Provider] = {} if portkey is None else {"portkey": portkey}
    async with AsyncExitStack() as stack:
        keys = ModelKeys(identity)
        stack.callback(keys.close)
        cost = await stack.enter_async_context(
            open_cost(
                config,
                known.usable,
                database=database,
                events=events,
                metrics=metrics,
                folder=settings.state_folder,
            )
        )
        counters = Counters(metrics)
        cache = await stack.enter_async_context(
            open_answers(
                config.cache,
                settings,
                database,
                redactor,
                head=head,
                embedder=embedder,
                prices=cost.prices,
            )
        )
        built = build(
            config,
            known,
            time=time.monotonic,
            accounts=Observed(cost.accounts, [counters, *collected_spans()]),
            answers=cache,
            choose=cost.ladder.choose,
            layers=layers,
        )
        counters.watch(built.breakers, list(known.usable))
        stack.push_async_callback(built.close)
        await built.start()
        if portkey is not None:
            stack.push_async_callback(portkey.close)
            await portkey.start()
        door = ModelDoor(
            built.gateway,
            keys,
            largest_body=config.largest_body,
            redactor=redactor,
            time=time.monotonic,
        )
        reports = Reports(database, cost.budgets)
        outcomes = Outcomes(reports, cost.ladder, cost.ledger, cost.notices)
        yield Models(built, door, cost, cache, reports, outcomes, portkey)


class ModelsMount:
    """The door once it is there; until then it says that it is not."""

    def __init__(self) -> None:
        self.door: ModelDoor | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request to `/v1/…`."""
        if self.door is not None:
            await self.door(scope, receive, send)
            return
        body = error_body("openai", 503, "unavailable", "the gateway is not up; try again")
        headers = [(b"content-type", b"application/json"), (b"retry-after", b"1")]
        await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send({"type": "http.response.body", "body": body})
