"""A2A's operations on our tasks."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, contextmanager
from math import inf
from uuid import uuid4

import structlog
from a2a import types
from a2a.server.context import ServerCallContext
from a2a.server.events import Event
from a2a.server.request_handlers import RequestHandler
from a2a.utils.errors import (
    A2AError,
    InternalError,
    InvalidParamsError,
    PushNotificationNotSupportedError,
    TaskNotCancelableError,
    TaskNotFoundError,
    UnsupportedOperationError,
)
from a2a.utils.proto_utils import validate_proto_required_fields
from orchestra.api.a2a import wire
from orchestra.api.a2a.watches import LOOK, Watches
from orchestra.api.a2a.wire import Seen
from orchestra.coordination.tasks import Handoffs, Task, Tasks
from orchestra.shared.errors import Conflict, Forbidden, Invalid, NotFound, OrchestraError, TooLarge
from orchestra.shared.identity import Caller
from orchestra.shared.redaction import Redactor

WAIT = 30.0
"""Seconds that a sender who waits for the end gets at most; then the task as it is."""
_PAGE, _MOST = 50, 100  # tasks

_log = structlog.get_logger(__name__)


class TaskHandler(RequestHandler):
    """Each operation is one of `Tasks`, for the caller in the context's state."""

    def __init__(
        self, tasks: Tasks, handoffs: Handoffs, watches: Watches, redactor: Redactor
    ) -> None:
        self._tasks = tasks
        self._handoffs = handoffs
        self._watches = watches
        self._redactor = redactor

    async def on_message_send(
        self, params: types.SendMessageRequest, context: ServerCallContext
    ) -> types.Task:
        """Offer a task; unless the sender asks for it at once, wait for its end within bounds."""
        with self._answering():
            caller = _caller(context)
            task = await self._offer(params, caller)
            if params.configuration.return_immediately:
                return wire.task_of(await self._seen(task))
            until = asyncio.get_running_loop().time() + WAIT
            async with aclosing(self._looks(task.id, caller, until=until)) as looks:
                async for seen in looks:
                    last = seen
            return wire.task_of(last)

    async def on_message_send_stream(
        self, params: types.SendMessageRequest, context: ServerCallContext
    ) -> AsyncGenerator[Event]:
        """Offer a task, and tell of it until its end."""
        with self._answering():
            caller = _caller(context)
            task = await self._offer(params, caller)
            async with aclosing(self._events(task.id, caller)) as events:
                async for event in events:
                    yield event

    async def on_subscribe_to_task(
        self, params: types.SubscribeToTaskRequest, context: ServerCallContext
    ) -> AsyncGenerator[Event]:
        """Tell of a task until its end."""
        with self._answering():
            validate_proto_required_fields(params)
            caller = _caller(context)
            task = await self._tasks.show(params.id, caller)
            if task.closed_at is not None:
                raise UnsupportedOperationError(f"the task `{task.id}` is {task.state}")
            async with aclosing(self._events(task.id, caller)) as events:
                async for event in events:
                    yield event

    async def on_get_task(
        self, params: types.GetTaskRequest, context: ServerCallContext
    ) -> types.Task:
        """One task, with its artifacts."""
        with self._answering():
            validate_proto_required_fields(params)
            caller = _caller(context)
            task = await self._tasks.show(params.id, caller)
            return wire.task_of(await self._seen(task))

    async def on_list_tasks(
        self, params: types.ListTasksRequest, context: ServerCallContext
    ) -> types.ListTasksResponse:
        """Tasks, the one that changed last first."""
        with self._answering():
            caller, size = _caller(context), params.page_size or _PAGE
            if not 1 <= size <= _MOST:
                raise InvalidParamsError(f"a page has 1 to {_MOST} tasks, not `{size}`")
            if params.HasField("status_timestamp_after"):
                raise InvalidParamsError(
                    "`statusTimestampAfter` is not served; pages are newest first"
                )
            states = wire.states_of(params.status)
            if not states:
                return types.ListTasksResponse(page_size=size)
            page = await self._tasks.latest(
                caller,
                states,
                limit=size,
                after=params.page_token or None,
                context_id=params.context_id or None,
            )
            found = [
                await self._seen(task) if params.include_artifacts else Seen(task, None)
                for task in page.tasks
            ]
            return types.ListTasksResponse(
                tasks=map(wire.task_of, found),
                next_page_token=page.after or "",
                page_size=size,
                total_size=page.total,
            )

    async def on_cancel_task(
        self, params: types.CancelTaskRequest, context: ServerCallContext
    ) -> types.Task:
        """Cancel a task that the caller made and nobody holds, or that the caller holds."""
        with self._answering():
            validate_proto_required_fields(params)
            caller = _caller(context)
            if (await self._tasks.show(params.id, caller)).closed_at is not None:
                raise TaskNotCancelableError(f"the task `{params.id}` is over")
            try:
                task = await self._tasks.cancel(params.id, caller, reason="cancelled over A2A")
            except (Conflict, Forbidden) as error:
                raise TaskNotCancelableError(self._said(error)) from error
            return wire.task_of(await self._seen(task))

    async def on_create_task_push_notification_config(
        self, _params: types.TaskPushNotificationConfig, _context: ServerCallContext
    ) -> types.TaskPushNotificationConfig:
        """Not served: webhooks of the live context are."""
        raise PushNotificationNotSupportedError

    async def on_get_task_push_notification_config(
        self, _params: types.GetTaskPushNotificationConfigRequest, _context: ServerCallContext
    ) -> types.TaskPushNotificationConfig:
        """Not served."""
        raise PushNotificationNotSupportedError

    async def on_list_task_push_notification_configs(
        self, _params: types.ListTaskPushNotificationConfigsRequest, _context: ServerCallContext
    ) -> types.ListTaskPushNotificationConfigsResponse:
        """Not served."""
        raise PushNotificationNotSupportedError

    async def on_delete_task_push_notification_config(
        self, _params: types.DeleteTaskPushNotificationConfigRequest, _context: ServerCallContext
    ) -> None:
        """Not served."""
        raise PushNotificationNotSupportedError

    async def on_get_extended_agent_card(
        self, _params: types.GetExtendedAgentCardRequest, _context: ServerCallContext
    ) -> types.AgentCard:
        """Not served: the card says all there is to say."""
        raise UnsupportedOperationError("there is no other card than the public one")

    async def _offer(self, params: types.SendMessageRequest, caller: Caller) -> Task:
        validate_proto_required_fields(params)
        message = params.message
        if params.configuration.HasField("task_push_notification_config"):
            raise PushNotificationNotSupportedError
        if message.task_id:
            task = await self._tasks.show(message.task_id, caller)
            if message.context_id not in ("", task.context_id):
                raise InvalidParamsError(f"`{task.id}` is of another context")
            raise UnsupportedOperationError(
                f"`{task.id}` takes no more messages: send a new one with the contextId"
                f" `{task.context_id}`"
            )
        return await self._tasks.create(wire.draft_of(message), caller)

    async def _seen(self, task: Task) -> Seen:
        packet = await self._handoffs.packet(task.id)
        return Seen(task, packet[0] if packet else None)

    async def _events(self, id: str, caller: Caller) -> AsyncGenerator[Event]:
        before: Seen | None = None
        async with aclosing(self._looks(id, caller)) as looks:
            async for seen in looks:
                if before is None:
                    yield wire.task_of(seen)
                else:
                    for update in wire.updates(before, seen):
                        yield update
                before = seen

    async def _looks(self, id: str, caller: Caller, *, until: float = inf) -> AsyncGenerator[Seen]:
        """The task as it is, and again after each change until it is over or the time is up."""
        clock = asyncio.get_running_loop().time
        async with self._watches.open(caller, id) as watch:
            seen = await self._seen(await self._tasks.show(id, caller))
            yield seen
            while not seen.over and (left := until - clock()) > 0:
                woken = await watch.changed(min(left, LOOK))
                task = await self._tasks.show(id, caller)
                if woken or task != seen.task:
                    seen = await self._seen(task)
                    yield seen

    @contextmanager
    def _answering(self) -> Generator[None]:
        """Say errors as A2A has them, and nothing of those that should not happen."""
        try:
            yield
        except A2AError:
            raise
        except NotFound as error:
            raise TaskNotFoundError(self._said(error)) from error
        except (Invalid, TooLarge) as error:
            raise InvalidParamsError(self._said(error)) from error
        except OrchestraError as error:
            raise InternalError(self._said(error)) from error
        except Exception as error:  # the SDK would say what it says
            incident = uuid4().hex[:12]
            _log.exception("unexpected error", incident=incident)
            raise InternalError(f"something went wrong; the log has it as {incident}") from error

    def _said(self, error: OrchestraError) -> str:
        hint = f" (hint: {error.hint})" if error.hint else ""
        return self._redactor.text(f"{error.message}{hint}")


def _caller(context: ServerCallContext) -> Caller:
    caller = context.state["caller"]
    if not isinstance(caller, Caller):
        raise TypeError("the door lets nobody in without a caller")
    return caller
