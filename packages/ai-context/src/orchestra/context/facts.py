"""What is known about the repository and its surroundings, and who finds it out."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from orchestra.shared.json import JsonObject

Status = Literal["ok", "stale", "unconfigured", "unavailable"]

Topic = Literal[
    "codebase_state",
    "lambda_utilization",
    "pending_migrations",
    "vector_db_status",
    "deployment_status",
    "ci_runs",
    "database_status",
    "approvals",
    "claims",
    "handoffs",
]


@dataclass(frozen=True, slots=True)
class Observation:
    """What a collector saw, just now.

    `value` is a map whose inner collections are maps keyed by stable ids, never positional
    arrays: so a small change is a small patch. `source` says where it is from (`inotify`, a URL,
    a table), `detail` why it is not `ok`, in a sentence that ends with what to do.
    """

    value: "JsonObject | None"
    status: Status = "ok"
    source: str = ""
    detail: str | None = None


Publish = Callable[[Observation], Awaitable[None]]


class Collector(Protocol):
    """One source of facts about one topic."""

    topic: Topic

    async def run(self, publish: Publish) -> None:
        """Publish observations for as long as the system runs.

        Raising means that the source failed: the last value is kept and marked stale, and after
        a pause this is called again.
        """

    async def settle(self) -> None:
        """Return once all that happened before the call has been published."""
