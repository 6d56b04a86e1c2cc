"""`PortkeyGateway`: a question to a model in one line, with the providers in an order of its own.

It is the whole gateway inside this process: routes, failover, breaker, an exact cache. Budgets, the
ledger and the shared cache belong to a running system, and to calls that go through its door.
"""

import asyncio
import threading
import time
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from contextlib import AsyncExitStack
from typing import Annotated, Any, Literal, Self, TypeVar

from orchestra.gateway.asking import Told, answered, question
from orchestra.gateway.build import build, resolve_keys
from orchestra.gateway.cache.response_cache import ResponseCache
from orchestra.gateway.config import FILE, GatewayConfig, load
from orchestra.gateway.config.sections import Layer
from orchestra.gateway.cost.prices import Prices
from orchestra.gateway.gateway import Gateway
from orchestra.gateway.portkey.layer import portkey_layer
from orchestra.gateway.providers.provider import Provider
from orchestra.gateway.routing.order import OrderedPlans, Price
from orchestra.gateway.routing.refusals import ProvidersBusy, ProvidersFailed, ProvidersLate
from orchestra.gateway.routing.target import Target
from orchestra.shared.errors import Invalid
from orchestra.shared.identity import Caller
from orchestra.shared.redaction import Redactor
from orchestra.shared.secrets import Secrets
from orchestra.shared.settings import Settings
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_fixed

_CALLER = Caller("local", "PortkeyGateway", "service", "local", frozenset({"models:use"}), None)
_WORDS = {"semantic": "semantic", "exact": "exact", "none": "off"}  # of `x-orchestra-cache`
_TOKENS = 1000  # of a question and of an answer, to compare prices by

T = TypeVar("T")
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]


class QueryConfig(BaseModel):
    """Who is asked, and how."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    primary: Name = "openrouter"
    fallbacks: Annotated[tuple[Name, ...], Field(max_length=8)] = ("anthropic", "cohere", "openai")
    cache_strategy: Literal["semantic", "exact", "none"] = "semantic"
    """The same question gets the same answer. Near questions are for a running system to match."""
    cost_optimization: bool = True
    """Of the fallbacks, the cheaper are asked before the dearer."""


class PortkeyGateway:
    """`PortkeyGateway().query("…")`. Providers, their keys and the layer are as `gateway.toml` says.

    A question that nobody could answer is asked again, `stop` times in all, with `wait` seconds
    between; failover happens within each time.
    """

    def __init__(
        self,
        config: Mapping[str, object] | None = None,
        *,
        settings: Settings | None = None,
        wait: float = 2.0,
        stop: int = 3,
    ) -> None:
        """`config` changes some of the defaults of `QueryConfig`.

        Raises:
            Invalid: it has a key that is none of them, or `gateway.toml` is wrong.
        """
        try:
            asked = QueryConfig.model_validate(dict(config or {}))
        except ValidationError as error:
            first = error.errors()[0]
            raise Invalid(
                f"`{'.'.join(map(str, first['loc']))}` of PortkeyGateway: {first['msg']}",
                hint=f"there are: {', '.join(QueryConfig.model_fields)}",
            ) from None
        self.config = asked.model_dump() | {"fallbacks": list(asked.fallbacks)}
        self._asked = asked
        self._settings = settings or Settings.load()
        path = self._settings.gateway_config
        self._file: GatewayConfig = (
            load(self._settings.state_folder / FILE)
            if path is None
            else load(path.expanduser(), must_exist=True)
        )
        self._retrying = AsyncRetrying(
            retry=retry_if_exception_type((ProvidersFailed, ProvidersLate, ProvidersBusy)),
            wait=wait_fixed(wait),
            stop=stop_after_attempt(stop),
            reraise=True,
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._stack = AsyncExitStack()
        self._inside: tuple[Gateway, OrderedPlans, Prices] | None = None

    def query(self, prompt: str, model: str = "gpt-4", *, max_tokens: int | None = None) -> Told:
        """What a model says; `str(…)` of it is the text. Waits; inside a coroutine, use `aquery`.

        Raises:
            ProvidersFailed, ProvidersLate, ProvidersBusy: nobody answered.
            Unavailable: no provider has a key; the message says which to set.
            Invalid: the providers do not take the question.
            NotFound: no route answers for the model.
        """
        return self._submit(self._query(prompt, model, max_tokens)).result()

    async def aquery(
        self, prompt: str, model: str = "gpt-4", *, max_tokens: int | None = None
    ) -> Told:
        """The same for coroutines."""
        return await asyncio.wrap_future(self._submit(self._query(prompt, model, max_tokens)))

    def close(self) -> None:
        """Close the connections; a later question opens them again."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._end(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """On a loop of our own: the pools live there, whoever asks."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=self._loop.run_forever, name="portkey-gateway", daemon=True
                )
                self._thread.start()
            return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _query(self, prompt: str, model: str, max_tokens: int | None) -> Told:
        return await self._retrying(self._once, prompt, model, max_tokens)

    async def _once(self, prompt: str, model: str, max_tokens: int | None) -> Told:
        gateway, plans, prices = await self._opened()
        headers = {"x-orchestra-cache": _WORDS[self._asked.cache_strategy]}
        call = question(_CALLER, prompt, model=model, max_tokens=max_tokens, headers=headers)
        if self._asked.cost_optimization:
            targets = plans.plan(call).targets
            await prices.learn((target.provider, target.model) for target in targets[1:])
        return await answered(gateway, call)

    async def _opened(self) -> tuple[Gateway, OrderedPlans, Prices]:
        if self._inside is not None:
            return self._inside
        redactor = Redactor()
        secrets = Secrets(self._settings.state_folder, redactor)
        known = resolve_keys(self._file, secrets)
        layers: dict[Layer, Provider] = {}
        portkey = portkey_layer(self._file, known.usable, secrets, redactor.text)
        if portkey is not None:
            layers["portkey"] = await portkey.start()
            self._stack.push_async_callback(portkey.close)
        urls = {name: section.url for name, section in self._file.providers.items()}
        prices = Prices(self._file.prices, urls)
        self._stack.push_async_callback(prices.close)
        order = (self._asked.primary, *self._asked.fallbacks)
        price = _prices(prices) if self._asked.cost_optimization else None
        plans = OrderedPlans(self._file, known.usable, order, price)
        built = build(
            self._file,
            known,
            time=time.monotonic,
            plans=plans,
            answers=ResponseCache(self._file.cache),
            layers=layers,
        )
        await built.start()
        self._stack.push_async_callback(built.close)
        self._inside = built.gateway, plans, prices
        return self._inside

    async def _end(self) -> None:
        self._inside = None
        await self._stack.aclose()


def _prices(prices: Prices) -> Price:
    def price(target: Target) -> float | None:
        card = prices.find(target.provider, target.model)
        return None if card is None else card.rates.most(_TOKENS, _TOKENS)

    return price
