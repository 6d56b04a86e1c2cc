"""Puts the gateway together from its configuration."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog
from orchestra.gateway.bodies import Bodies
from orchestra.gateway.config import GatewayConfig
from orchestra.gateway.config.sections import Layer
from orchestra.gateway.gateway import Gateway
from orchestra.gateway.ports import Accounts, Answers, NoAccounts, NoAnswers
from orchestra.gateway.providers.direct import DirectProvider
from orchestra.gateway.providers.headers import Credentials
from orchestra.gateway.providers.provider import Provider
from orchestra.gateway.routing.breaker import Breakers
from orchestra.gateway.routing.executor import Executor
from orchestra.gateway.routing.plans import Choose, Plans
from orchestra.shared.errors import Invalid, NotFound
from orchestra.shared.secrets import Secrets
from pydantic import SecretStr

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Known:
    """The providers of a configuration: those with a key, and why others have none."""

    usable: dict[str, Credentials]
    absent: dict[str, str]


def resolve_keys(config: GatewayConfig, secrets: Secrets) -> Known:
    """Read the keys of all providers; one without a key is left out of every plan."""
    known = Known({}, {})
    for name, section in config.providers.items():
        try:
            key: SecretStr | None = None
            if section.key is not None:
                key = secrets.resolve(section.key, reason=f"model provider {name}")
            known.usable[name] = Credentials(section, key)
        except (NotFound, Invalid) as error:
            known.absent[name] = str(error)
    if not known.usable:
        _log.warning("no model provider has a key", absent=sorted(known.absent))
    return known


@dataclass(frozen=True, slots=True)
class Built:
    """A gateway and what others look at."""

    config: GatewayConfig
    known: Known
    gateway: Gateway
    plans: Plans
    breakers: Breakers
    direct: DirectProvider

    async def start(self) -> None:
        """Open what it holds."""
        await self.direct.start()

    async def close(self) -> None:
        """Let go of it."""
        await self.direct.close()


def build(
    config: GatewayConfig,
    known: Known,
    *,
    time: Callable[[], float],
    accounts: Accounts | None = None,
    answers: Answers | None = None,
    choose: Choose | None = None,
    plans: Plans | None = None,
    layers: Mapping[Layer, Provider] | None = None,
) -> Built:
    """The gateway of a configuration; `layers` are ways to reach providers besides the direct one."""
    if plans is None:
        plans = Plans(config, known.usable, *(() if choose is None else (choose,)))
    breakers = Breakers(config.breaker, time)
    direct = DirectProvider(known.usable)
    providers: dict[Layer, Provider] = {"direct": direct, **(layers or {})}
    executor = Executor(providers, breakers, Bodies(config.providers))
    gateway = Gateway(plans, executor, accounts or NoAccounts(), answers or NoAnswers(), time)
    return Built(config, known, gateway, plans, breakers, direct)
