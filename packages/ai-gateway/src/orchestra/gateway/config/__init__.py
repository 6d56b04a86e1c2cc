"""What an operator says about providers, routes and models: `gateway.toml`, and what holds without."""

from orchestra.gateway.config.load import FILE, load
from orchestra.gateway.config.sections import (
    ClassSection,
    GatewayConfig,
    ProviderSection,
    RouteSection,
    TargetSection,
)

__all__ = [
    "FILE",
    "ClassSection",
    "GatewayConfig",
    "ProviderSection",
    "RouteSection",
    "TargetSection",
    "load",
]
