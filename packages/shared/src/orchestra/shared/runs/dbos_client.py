"""Durable runs over DBOS, for a process that starts and watches them."""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, Self

from dbos import DBOSClient, EnqueueOptions, StepInfo, WorkflowHandleAsync, WorkflowStatus
from dbos import error as dbos_error
from orchestra.shared.errors import Conflict, NotFound
from orchestra.shared.json import JsonObject, JsonValue, canonical
from orchestra.shared.redaction import Redactor
from orchestra.shared.runs.dbos_engine import APPLICATION, QUEUE, SCHEMA, SERIALIZER, VERSION
from orchestra.shared.runs.protocol import Run, RunState, Step

PROGRESS: Final = "progress"
_STATES: dict[str, RunState] = {
    "DELAYED": "queued",
    "ENQUEUED": "queued",
    "PENDING": "running",
    "SUCCESS": "done",
    "ERROR": "failed",
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": "failed",
    "CANCELLED": "cancelled",
}
_ENDED = ("done", "failed", "cancelled")
_MOST = 500


class DbosRuns:
    """Implements `DurableRuns`. The tables must exist: see `dbos_engine.prepare`."""

    def __init__(self, client: DBOSClient, redactor: Redactor) -> None:
        self._client = client
        self._redactor = redactor

    @classmethod
    async def connect(cls, dsn: str, redactor: Redactor) -> Self:
        """Connect to the database that the workers use."""
        client = await asyncio.to_thread(
            DBOSClient,
            system_database_url=dsn,
            dbos_system_schema=SCHEMA,
            serializer=SERIALIZER,
            application_name=APPLICATION,
            system_database_pool_size=4,
        )
        return cls(client, redactor)

    async def close(self) -> None:
        """Close every connection."""
        await asyncio.to_thread(self._client.destroy)

    async def start(self, kind: str, input: JsonObject, *, idempotency_key: str) -> Run:
        """See `DurableRuns.start`. Secrets in `input` are redacted before it is stored."""
        clean = self._redactor.value(input)
        digest = hashlib.sha256(f"{kind}\0{idempotency_key}".encode()).hexdigest()
        options: EnqueueOptions = {
            "workflow_name": kind,
            "queue_name": QUEUE,
            "workflow_id": f"run_{digest[:32]}",
            "app_version": VERSION,
        }
        try:
            handle: WorkflowHandleAsync[JsonValue]
            handle = await self._client.enqueue_async(options, clean)
        except dbos_error.DBOSConflictingWorkflowError:
            raise _key_was_used(kind, idempotency_key) from None
        run = await self.query(handle.get_workflow_id())
        if (
            run.kind != kind
            or not isinstance(clean, dict)
            or canonical(run.input) != canonical(clean)
        ):
            raise _key_was_used(kind, idempotency_key)
        return run

    async def signal(
        self, run_id: str, name: str, value: JsonValue, *, idempotency_key: str
    ) -> None:
        """See `DurableRuns.signal`."""
        clean = self._redactor.value(value)
        try:
            await self._client.send_async(run_id, clean, name, idempotency_key)
        except dbos_error.DBOSNonExistentWorkflowError:
            raise _unknown(run_id) from None

    async def query(self, run_id: str) -> Run:
        """See `DurableRuns.query`."""
        found = await self._client.list_workflows_async(workflow_ids=[run_id])
        if not found:
            raise _unknown(run_id)
        return _run(found[0])

    async def steps(self, run_id: str) -> list[Step]:
        """See `DurableRuns.steps`."""
        return [_step(info) for info in await self._client.list_workflow_steps_async(run_id)]

    async def progress(self, run_id: str) -> JsonValue:
        """See `DurableRuns.progress`."""
        value: JsonValue = await self._client.get_event_async(run_id, PROGRESS, timeout_seconds=0)
        return value

    async def wait(self, run_id: str, *, timeout: float) -> Run:
        """See `DurableRuns.wait`."""
        deadline = asyncio.get_running_loop().time() + timeout
        while True:
            run = await self.query(run_id)
            left = deadline - asyncio.get_running_loop().time()
            if run.state in _ENDED or left <= 0:
                return run
            await asyncio.sleep(min(0.1, left))

    async def cancel(self, run_id: str) -> None:
        """See `DurableRuns.cancel`."""
        await self.query(run_id)
        await self._client.cancel_workflow_async(run_id)

    async def list(
        self, *, kind: str | None = None, states: Sequence[RunState] = (), limit: int = 50
    ) -> list[Run]:
        """See `DurableRuns.list`."""
        wanted = [name for name, state in _STATES.items() if state in states]
        found = await self._client.list_workflows_async(
            name=kind, status=wanted or None, limit=min(limit, _MOST), sort_desc=True
        )
        return [_run(status) for status in found]


def _run(status: WorkflowStatus) -> Run:
    state = _STATES.get(status.status, "failed")
    return Run(
        id=status.workflow_id,
        kind=status.name,
        state=state,
        input=_input(status),
        output=status.output if state == "done" else None,
        error=str(status.error) if status.error is not None else None,
        created_at=_time(status.created_at),
        updated_at=_time(status.updated_at),
    )


def _input(status: WorkflowStatus) -> JsonObject:
    """What `start` stored; nothing when the row was written by somebody else."""
    arguments = status.input["args"] if isinstance(status.input, dict) else ()
    return arguments[0] if arguments and isinstance(arguments[0], dict) else {}


def _step(info: StepInfo) -> Step:
    error = info["error"]
    return Step(
        number=info["function_id"],
        name=info["function_name"],
        output=info["output"],
        error=str(error) if error is not None else None,
    )


def _time(milliseconds: int | None) -> datetime:
    return datetime.fromtimestamp((milliseconds or 0) / 1000, UTC)


def _unknown(run_id: str) -> NotFound:
    return NotFound(f"there is no run `{run_id}`", hint="see `orchestra runs list`")


def _key_was_used(kind: str, key: str) -> Conflict:
    return Conflict(
        f"the idempotency key `{key}` was used for another run of `{kind}`",
        hint="use a new key for a new run, and the same input with the same key",
    )
