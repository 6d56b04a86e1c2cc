"""The layer `portkey`, where a provider of the configuration is reached through it."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import structlog
from orchestra.gateway.config import GatewayConfig
from orchestra.gateway.providers.headers import Credentials
from orchestra.shared.errors import Invalid, NotFound
from orchestra.shared.secrets import Secrets

if TYPE_CHECKING:
    from orchestra.gateway.portkey.provider import PortkeyProvider

_log = structlog.get_logger(__name__)


def portkey_layer(
    config: GatewayConfig,
    usable: Mapping[str, Credentials],
    secrets: Secrets,
    redact: Callable[[str], str],
) -> "PortkeyProvider | None":
    """The layer, not started; None where no provider that can be asked goes through it.

    Without the account's key it is there all the same, and says at each call what it lacks.
    """
    through = {name: to for name, to in usable.items() if config.layer_of(name) == "portkey"}
    if not through:
        return None
    # with them comes an HTTP client that a process without this layer has no use for
    from orchestra.gateway.portkey.child import PortkeyChild
    from orchestra.gateway.portkey.provider import PortkeyProvider

    section = config.portkey
    key = None
    if section.key is not None:
        try:
            key = secrets.resolve(section.key, reason="the account at Portkey")
        except (NotFound, Invalid) as error:
            _log.warning("portkey has no key", why=str(error))
    child = None
    if section.address is None:
        private = [to.section.url for to in through.values() if to.section.private]
        child = PortkeyChild(section, private, redact)
    return PortkeyProvider(through, section, key, child)
