"""What a run's body works with, on DBOS: everything that it records is redacted first."""

from collections.abc import Awaitable, Callable

from dbos import DBOS, StepOptions
from orchestra.shared.errors import OrchestraError
from orchestra.shared.json import JsonValue
from orchestra.shared.redaction import Redactor
from orchestra.shared.runs.dbos_client import PROGRESS

_FIRST_RETRY = 1.0  # seconds; doubled each time


class RunFailed(Exception):
    """Ends a run; the message is safe to store and to show."""


class DbosContext:
    """Implements `RunContext`."""

    def __init__(self, run_id: str, redactor: Redactor) -> None:
        self._run_id = run_id
        self._redactor = redactor
        self._asked = 0

    @property
    def run_id(self) -> str:
        """See `RunContext.run_id`."""
        return self._run_id

    async def step(
        self, name: str, action: Callable[[str], Awaitable[JsonValue]], *, attempts: int = 1
    ) -> JsonValue:
        """See `RunContext.step`."""
        self._asked += 1
        key = f"{self._run_id}:{self._asked}:{name}"

        async def recorded() -> JsonValue:
            try:
                return self._redactor.value(await action(key))
            except Exception as error:  # noqa: BLE001 - whatever it is, its text is stored
                raise self.failure(error) from None

        options: StepOptions = {
            "name": name,
            "retries_allowed": attempts > 1,
            "max_attempts": max(attempts, 1),
            "interval_seconds": _FIRST_RETRY,
            "backoff_rate": 2.0,
        }
        result: JsonValue = await DBOS.run_step_async(options, recorded)
        return result

    async def wait_for(self, name: str, *, timeout: float) -> JsonValue:
        """See `RunContext.wait_for`."""
        value: JsonValue = await DBOS.recv_async(name, timeout_seconds=timeout)
        return value

    async def report(self, value: JsonValue) -> None:
        """See `RunContext.report`."""
        await DBOS.set_event_async(PROGRESS, self._redactor.value(value))

    async def sleep(self, seconds: float) -> None:
        """See `RunContext.sleep`."""
        await DBOS.sleep_async(seconds)

    def failure(self, error: Exception) -> RunFailed:
        """`error` in words without secrets."""
        if isinstance(error, RunFailed):
            return error
        named = (
            str(error) if isinstance(error, OrchestraError) else f"{type(error).__name__}: {error}"
        )
        return RunFailed(self._redactor.text(named))
