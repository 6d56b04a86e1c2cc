"""The sections of `gateway.toml`. They name secrets and never hold one."""

import ipaddress
from fnmatch import fnmatchcase
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from orchestra.gateway.cache.config import CacheSection
from orchestra.gateway.cost.config import (
    BudgetsSection,
    LedgerSection,
    LimitsSection,
    PricesSection,
)
from orchestra.gateway.portkey.section import PortkeySection
from orchestra.gateway.wire import Dialect
from orchestra.shared.errors import Invalid
from orchestra.shared.secrets import SecretRef
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Layer = Literal["direct", "portkey"]
Streaming = Literal["live", "guarded", "atomic"]

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
ModelName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]
Seconds = Annotated[float, Field(gt=0, le=3600, strict=False)]


def _reference(ref: str) -> str:
    try:
        return str(SecretRef.parse(ref))
    except Invalid as error:
        raise ValueError(f"{error.message}; {error.hint}") from None


class Section(BaseModel):
    """A table of the file: what it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ProviderSection(Section):
    """`[providers.NAME]`: a host that answers for models, and the key for it."""

    kind: Dialect
    """The dialect that it speaks."""
    url: str
    """Where its paths begin: `https://openrouter.ai/api/v1`."""
    key: Annotated[str, AfterValidator(_reference)] | None = None
    """A reference: `secret://env/NAME` or `secret://file/NAME`. None for a host that takes no key."""
    layer: Layer | None = None
    """How it is reached; without it, as the file says for all."""
    private: bool = False
    """It may be on loopback or in a private network, and without TLS."""
    usage: bool = True
    """Ask it to count the tokens of a streamed chat, also when the client does not."""
    portkey: Name | None = None
    """Portkey's name for it, where Portkey is to translate OpenAI's chat into its dialect."""
    headers: dict[str, str] = {}
    """Sent with each request, `HTTP-Referer` for instance."""

    @model_validator(mode="after")
    def _translated(self) -> Self:
        if self.portkey is not None and (self.kind != "openai" or self.layer != "portkey"):
            raise ValueError('`portkey` goes with `kind = "openai"` and `layer = "portkey"`')
        return self

    @model_validator(mode="after")
    def _address(self) -> Self:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"`{self.url}` is not an http or https URL")
        if parts.username or parts.query or parts.fragment:
            raise ValueError("the URL of a provider has no credentials, query or fragment")
        if not self.private and (parts.scheme == "http" or not _may_be_public(parts.hostname)):
            raise ValueError("it is not a public https URL; `private = true` allows others")
        for name, value in self.headers.items():
            if not name.replace("-", "").isalnum() or not value.isprintable():
                raise ValueError(f"`{name}` is not a header")
        return self


def _may_be_public(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:  # a name: what it resolves to is looked at when it is connected to
        return True


class TargetSection(Section):
    """A model at a provider."""

    provider: Name
    model: ModelName = "{model}"
    """Its name there; `{model}` stands for the name that the client wrote."""
    window: Annotated[int, Field(gt=0)] | None = None
    """How many tokens fit; where a call is too long for one target, larger ones are tried."""


class RouteSection(Section):
    """`[routes.NAME]`: who is asked, in order, and how long each may take. Times are in seconds."""

    targets: Annotated[tuple[TargetSection, ...], Field(min_length=1, max_length=16, strict=False)]
    deadline: Seconds = 120.0
    """For all attempts together, until the answer is there or its stream has begun."""
    connect: Seconds = 3.0
    first_token: Seconds = 15.0
    """Until the first token of a stream."""
    answer: Seconds = 90.0
    """Until an answer begins that is not a stream."""
    stall: Seconds = 20.0
    """Between two pieces of an answer that has begun."""
    longest: Seconds = 1800.0
    """From the first to the last byte of a stream."""
    attempts: Annotated[int, Field(ge=1, le=10)] = 3
    """At most so many at one target."""
    backoff: Annotated[float, Field(ge=0, le=60, strict=False)] = 0.25
    """Before the second attempt at a target, and twice as long each time; any time up to that."""
    patience: Annotated[float, Field(ge=0, le=300, strict=False)] = 10.0
    """The longest `Retry-After` that is waited for; after a longer one, the next target is asked."""
    streaming: Streaming = "guarded"
    """`live`: pass on at once. `guarded`: from the first token. `atomic`: once it is whole."""
    allow: Annotated[tuple[str, ...], Field(strict=False)] | None = None
    """Who may be asked at all: `provider` or `provider/model`, with `*`."""

    @model_validator(mode="after")
    def _allowed(self) -> Self:
        for target in self.targets:
            if "{model}" not in target.model and not self.allows(target.provider, target.model):
                raise ValueError(f"`{target.provider}/{target.model}` is not in `allow`")
        return self

    def allows(self, provider: str, model: str) -> bool:
        """Whether the policy of this route lets a model be asked."""
        if self.allow is None:
            return True
        names = (provider, f"{provider}/{model}")
        return any(fnmatchcase(name, pattern) for name in names for pattern in self.allow)


class ClassSection(Section):
    """`[classes.NAME]`: the routes for a kind of work, the cheapest adequate first."""

    routes: Annotated[tuple[Name, ...], Field(min_length=1, max_length=8, strict=False)]


class BreakerSection(Section):
    """`[breaker]`: when a model at a provider is left alone for a while."""

    failures: Annotated[int, Field(ge=1, le=1000)] = 5
    """So many in a row."""
    rate: Annotated[float, Field(gt=0, le=1, strict=False)] = 0.5
    """Or this share of the last `window` attempts."""
    window: Annotated[int, Field(ge=5, le=1000)] = 20
    cooldown: Seconds = 5.0
    """Before it is tried again; twice as long each time that fails."""
    longest: Seconds = 30.0


class GatewayConfig(Section):
    """The whole file."""

    layer: Layer = "direct"
    providers: dict[Name, ProviderSection]
    routes: dict[Name, RouteSection]
    models: dict[ModelName, Name] = {}
    """What a client may ask for, `*` for any letters, and the route that answers."""
    classes: dict[Name, ClassSection] = {}
    portkey: PortkeySection = PortkeySection()
    breaker: BreakerSection = BreakerSection()
    prices: PricesSection = PricesSection()
    budgets: BudgetsSection = BudgetsSection()
    limits: LimitsSection = LimitsSection()
    ledger: LedgerSection = LedgerSection()
    cache: CacheSection = CacheSection()
    largest_body: Annotated[int, Field(ge=1024, le=256 * 1024 * 1024)] = 32 * 1024 * 1024
    """Bytes of a request."""

    @model_validator(mode="after")
    def _names(self) -> Self:
        for name, route in self.routes.items():
            for target in route.targets:
                if target.provider not in self.providers:
                    raise ValueError(f"route `{name}`: there is no provider `{target.provider}`")
        for model, name in self.models.items():
            if name not in self.routes:
                raise ValueError(f"model `{model}`: there is no route `{name}`")
        for title, section in self.classes.items():
            if missing := [name for name in section.routes if name not in self.routes]:
                raise ValueError(f"class `{title}`: there is no route `{missing[0]}`")
        return self

    def layer_of(self, provider: str) -> Layer:
        """How a provider is reached."""
        return self.providers[provider].layer or self.layer
