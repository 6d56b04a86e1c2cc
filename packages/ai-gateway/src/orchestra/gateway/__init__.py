"""One door to every model: routing, cache and cost, with Portkey as the provider layer."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestra.gateway.portkey.query import PortkeyGateway

MIGRATIONS = Path(__file__).parent / "migrations"
"""The folder of this package's schema migrations."""

__all__ = ["MIGRATIONS", "PortkeyGateway"]


def __getattr__(name: str) -> object:
    """What is heavy is imported when it is asked for."""
    if name != "PortkeyGateway":
        raise AttributeError(f"module `{__name__}` has no attribute `{name}`")
    from orchestra.gateway.portkey.query import PortkeyGateway

    return PortkeyGateway
