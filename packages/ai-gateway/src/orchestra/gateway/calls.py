"""One call to a model: what was asked, what it used, and what came of it.

What is made for every call is a `Struct`, which costs a tenth of a frozen dataclass.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec
from orchestra.shared.identity import Caller

Endpoint = Literal["chat", "responses", "embeddings", "messages", "count_tokens"]
"""The doors: OpenAI's first three, Anthropic's last two."""

CacheHit = Literal["exact", "semantic"]
CostSource = Literal["provider", "table", "cache", "estimate", "unknown"]
Finish = Literal["stop", "length", "tool_calls", "content_filter", "error", "cancelled"]


class ModelCall(msgspec.Struct, frozen=True):
    """A request as the door understood it; `body` is what the client sent, byte for byte."""

    id: str
    caller: Caller
    endpoint: Endpoint
    model: str
    """As the client wrote it: a model, a route, or `auto`."""
    body: bytes
    headers: Mapping[str, str]
    """Names in lower case."""
    stream: bool = False
    max_tokens: int | None = None
    """The longest answer that the client asks for."""
    choices: int = 1
    """How many answers it asks for at once (`n`); each can be of `max_tokens`."""
    temperature: float | None = None
    uses_tools: bool = False
    messages: int = 1
    task: str | None = None
    """`x-orchestra-task`: the task that the call is booked on."""
    task_class: str | None = None
    """`x-orchestra-class`: what kind of work it is, for the choice of a cheap model."""
    session: str | None = None
    """What the client calls its conversation: it stays with a model whose prompt cache is warm."""
    model_at: tuple[int, int] = (0, 0)
    """Where the name of the model stands in `body`, with its quotes."""
    has_stream_options: bool = False
    """The client says itself what a streamed chat tells besides its text."""


class Usage(msgspec.Struct, frozen=True):
    """Tokens that a provider counted. `input` holds the cached and the cache-written ones too."""

    input: int = 0
    cached: int = 0
    cache_written: int = 0
    output: int = 0
    reasoning: int = 0
    """Of `output`."""
    cost: int | None = None
    """Nano-dollars, where the provider says what it took."""
    cache_written_long: int = 0
    """Of `cache_written`: for an hour, which costs more."""
    tier: str | None = None
    """The service tier that the provider says it billed: `flex`, `priority`, `batch`."""


class Attempt(msgspec.Struct, frozen=True):
    """One try at one target; `error` names what went wrong, in the words of `routing.failures`."""

    provider: str
    model: str
    status: int | None
    error: str | None
    seconds: float
    usage: Usage | None = None
    """What it used before it failed, where that is known; it is paid for too."""


class Outcome(msgspec.Struct, frozen=True):
    """What came of a call; all that is booked and told."""

    provider: str | None
    """None when no target answered."""
    model: str | None
    status: int
    finish: Finish
    usage: Usage | None
    attempts: tuple[Attempt, ...] = ()
    cache: CacheHit | None = None
    route: str | None = None
    """The route whose plan was followed."""
    received: int = 0
    """Bytes of the answer that came from the provider; an answer cut short is estimated by it."""
    seconds: float = 0.0
    first_token_seconds: float | None = None
    detail: Mapping[str, str] = {}
    """What response headers say besides, by name without `x-orchestra-`."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer that may be kept and given again: a body, and whether it was a stream."""

    body: bytes
    """JSON, or the events of the stream as they were sent."""
    stream: bool
    model: str
    provider: str
    usage: Usage | None
    finish: Finish


@dataclass(frozen=True, slots=True)
class Hit:
    """A kept answer that serves for a call."""

    answer: Answer
    kind: CacheHit
    note: str = ""
    """How near it is, for the header `x-orchestra-cache`."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a call took."""

    nano: int | None
    """Nano-dollars; None where nobody knows the price."""
    source: CostSource


@dataclass(slots=True)
class Reservation:
    """What is set aside for a call until it is settled; whoever reserves may keep more in it."""

    nano: int | None = None
