"""What a durable run is, for those who start one and for those who write one."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from orchestra.shared.json import JsonObject, JsonValue

RunState = Literal["queued", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it is now; `output` once it is done, `error` once it has failed."""

    id: str
    kind: str
    state: RunState
    input: JsonObject
    output: JsonValue
    error: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """A step that was recorded: it is never done again, whatever happens to the process."""

    number: int
    name: str
    output: JsonValue
    error: str | None


class DurableRuns(Protocol):
    """Starts, steers and looks at runs; whoever does the work may be another process."""

    async def start(self, kind: str, input: JsonObject, *, idempotency_key: str) -> Run:
        """Start a run, or find the one that was started with this kind and key.

        Raises:
            Conflict: the key was used with another input.
        """

    async def signal(
        self, run_id: str, name: str, value: JsonValue, *, idempotency_key: str
    ) -> None:
        """Send a run a message; it waits for `name`. The same key twice is one message.

        Raises:
            NotFound: there is no such run.
        """

    async def query(self, run_id: str) -> Run:
        """The run as it is now.

        Raises:
            NotFound: there is no such run.
        """

    async def steps(self, run_id: str) -> list[Step]:
        """The steps that were recorded, in order."""

    async def progress(self, run_id: str) -> JsonValue:
        """What the run reported last, or None."""

    async def wait(self, run_id: str, *, timeout: float) -> Run:
        """The run when it has ended, or as it is after `timeout` seconds."""

    async def cancel(self, run_id: str) -> None:
        """Let the run end before its next step; one that has ended stays as it is.

        Raises:
            NotFound: there is no such run.
        """

    async def list(
        self, *, kind: str | None = None, states: Sequence[RunState] = (), limit: int = 50
    ) -> list[Run]:
        """The latest runs, newest first; without `states`, in any state."""


class RunContext(Protocol):
    """What a run's body may do; anything else it does may happen twice."""

    @property
    def run_id(self) -> str:
        """The run's id, the same after a takeover."""

    async def step(
        self, name: str, action: Callable[[str], Awaitable[JsonValue]], *, attempts: int = 1
    ) -> JsonValue:
        """Do `action` and record what it returns; if that is recorded already, return it.

        A process may die between effect and record, so the action can run twice. It is given an
        idempotency key that is the same both times, to pass on or to look for what was done.
        """

    async def wait_for(self, name: str, *, timeout: float) -> JsonValue:
        """The next signal `name`, or None after `timeout` seconds, across restarts."""

    async def report(self, value: JsonValue) -> None:
        """Show progress to whoever asks."""

    async def sleep(self, seconds: float) -> None:
        """Wait; after a takeover, only for what is left."""


RunBody = Callable[[RunContext, JsonObject], Awaitable[JsonValue]]


@dataclass(frozen=True, slots=True)
class RunKind:
    """A kind of run; `body` must ask for the same steps in the same order each time."""

    name: str
    body: RunBody
