"""A model at a provider, as an attempt sees it."""

from dataclasses import dataclass

from orchestra.gateway.config.sections import Layer, Streaming
from orchestra.gateway.wire import Dialect


@dataclass(frozen=True, slots=True)
class Target:
    """Where an attempt goes; `model` is the name that the provider knows."""

    provider: str
    model: str
    dialect: Dialect = "openai"
    layer: Layer = "direct"
    window: int | None = None
    """How many tokens fit, where that is known."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """In seconds, for one attempt."""

    connect: float
    first: float
    """Until the answer's head; of a stream, until its first token."""
    stall: float
    """Between two pieces of the answer."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How a route treats its targets; see `config.RouteSection`."""

    deadline: float
    connect: float
    first_token: float
    answer: float
    stall: float
    longest: float
    attempts: int
    backoff: float
    patience: float
    streaming: Streaming


@dataclass(frozen=True, slots=True)
class Plan:
    """The targets of a call, in the order in which they are asked."""

    route: str
    targets: tuple[Target, ...]
    policy: Policy
    reason: str = ""
    """Why this route: for those who ask for an explanation."""
