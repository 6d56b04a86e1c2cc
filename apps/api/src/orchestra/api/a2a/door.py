"""The way from a request to A2A's operations; the SDK is loaded when the first one comes."""

import asyncio
import logging
from json import JSONDecodeError
from typing import TYPE_CHECKING

from orchestra.api.a2a.watches import Watches
from orchestra.coordination.tasks import Handoffs, Tasks
from orchestra.shared.errors import Invalid
from orchestra.shared.events import EventLog
from orchestra.shared.identity import Caller
from orchestra.shared.redaction import Redactor
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

if TYPE_CHECKING:
    from a2a.server.routes.jsonrpc_dispatcher import JsonRpcDispatcher

_WRITING = frozenset({"SendMessage", "SendStreamingMessage", "CancelTask"})


class A2aDoor:
    """JSON-RPC at one address. The host has found out who the caller is, who may read tasks."""

    def __init__(
        self,
        tasks: Tasks,
        handoffs: Handoffs,
        events: EventLog,
        *,
        workspace: str,
        redactor: Redactor,
    ) -> None:
        self._tasks = tasks
        self._handoffs = handoffs
        self._redactor = redactor
        self._watches = Watches(events, workspace)
        self._loading: asyncio.Task[JsonRpcDispatcher] | None = None

    async def answer(self, request: Request, caller: Caller) -> Response:
        """Serve one request.

        Raises:
            Forbidden: the caller may not do what it asks for.
        """
        try:
            asked = await request.json()
        except JSONDecodeError:
            asked = None  # the SDK says so
        except Invalid as error:
            return _unreadable(self._redactor.text(error.message))
        if isinstance(asked, dict) and str(asked.get("method")) in _WRITING:
            caller.require("tasks:write")
        request.state.caller = caller
        return await (await self._dispatcher()).handle_requests(request)

    def close(self) -> None:
        """End all open streams within moments, and begin no more."""
        self._watches.close()

    def end(self, key_id: str) -> None:
        """End the open streams of a key that was revoked."""
        self._watches.end(key_id)

    async def _dispatcher(self) -> "JsonRpcDispatcher":
        if self._loading is None or (self._loading.done() and self._loading.exception()):
            self._loading = asyncio.create_task(asyncio.to_thread(self._load), name="a2a-load")
        return await asyncio.shield(self._loading)

    def _load(self) -> "JsonRpcDispatcher":
        """Import the SDK: a third of a second, and 19 MB for good."""
        from a2a.server.context import ServerCallContext
        from a2a.server.routes.common import DefaultServerCallContextBuilder
        from a2a.server.routes.jsonrpc_dispatcher import JsonRpcDispatcher
        from orchestra.api.a2a.handler import TaskHandler

        class WithCaller(DefaultServerCallContextBuilder):
            """Puts the caller beside the headers."""

            def build(self, request: Request) -> ServerCallContext:
                """The context of one request."""
                context = super().build(request)
                context.state["caller"] = request.state.caller
                return context

        # whatever it has to say is in the answer, and its tracebacks hold what was sent
        logging.getLogger("a2a").setLevel(logging.CRITICAL)
        handler = TaskHandler(self._tasks, self._handoffs, self._watches, self._redactor)
        return JsonRpcDispatcher(handler, WithCaller())


def _unreadable(said: str) -> Response:
    error = {"code": -32600, "message": said}
    return JSONResponse({"jsonrpc": "2.0", "id": None, "error": error})
