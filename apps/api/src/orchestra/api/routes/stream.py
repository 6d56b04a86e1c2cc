"""`GET /api/v1/context/stream`: the context as server-sent events that can be resumed."""

import asyncio
import contextlib
from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Query, Request
from orchestra.api.auth import Reader
from orchestra.api.guard import SEND
from orchestra.api.state import State, state_of
from orchestra.api.strict import StrictRoute
from orchestra.api.subscribers import Subscriber, frame
from orchestra.api.topics import FollowedTopics, followed
from orchestra.context import Cursor
from orchestra.context.log import Topics
from orchestra.shared.identity import Caller
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

router = APIRouter(route_class=StrictRoute, tags=["context"])

_DESCRIPTION = """
Events, each with `id: <epoch>:<seq>`:

- `snapshot` `{epoch, seq, topics}`: the whole document; what was known before is void
- `delta` `{epoch, seq, topic, at, cause, ops}`: RFC 6902 operations on the document
- `up-to-date` `{epoch, seq}`: there is nothing newer
- `bookmark` `{epoch, seq, checked}`: every 15 s; when each topic was last looked at
- `must-refetch` `{reason}`: the changes since your place are gone; a snapshot follows
- `bye` `{reason}`: the server ends the stream

Numbers have no gaps unless `topics`, or the `context_sources` of the agent's spec, filter. Resume by `Last-Event-ID`, or by `since`.
The header `Orchestra-Replay` says from which number the answer goes on, or `snapshot`.
"""


@router.get(
    "/context/stream",
    summary="Follow the context",
    description=_DESCRIPTION,
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def stream(
    request: Request,
    caller: Reader,
    topics: FollowedTopics = None,
    since: Annotated[str | None, Query(description="a place in the stream: `epoch:seq`")] = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """Answer with the stream itself; its tail is written as long as the reader stays."""
    place = last_event_id or since
    cursor = Cursor.parse(place) if place else None
    state = state_of(request)
    return EventStream(state, caller, await followed(topics, caller, state), cursor)


class EventStream(Response):
    """A response that goes on: a place in the shared log, and the socket."""

    media_type = "text/event-stream"

    def __init__(
        self, state: State, caller: Caller, topics: Topics | None, cursor: Cursor | None
    ) -> None:
        self._log = state.context
        self._subscribers = state.subscribers
        self._subscriber = Subscriber(caller, topics)
        self._seq, self._opening = self._open(cursor)
        replay = "snapshot" if b"event: snapshot" in self._opening[:300] else str(self._seq)
        super().__init__(
            headers={
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
                "Orchestra-Replay": replay,
            }
        )
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Write until the reader leaves, the key is revoked or the server stops."""
        subscriber, subscribers = self._subscriber, self._subscribers
        subscribers.add(subscriber)
        try:
            subscriber.task = asyncio.create_task(
                self._write(send, scope.get(SEND, send)), name="subscriber"
            )
            leaving = asyncio.create_task(_left(receive), name="subscriber-leaving")
            await asyncio.wait({subscriber.task, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            subscribers.remove(subscriber)
            for task in (subscriber.task, leaving):
                if task is not None:
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await task

    def _open(self, cursor: Cursor | None) -> tuple[int, bytes]:
        """What the reader gets first, and the number of the last change in it."""
        topics, head = self._subscriber.topics, b"retry: 1000\n\n"
        if cursor is None:
            return self._log.seq, head + self._subscribers.snapshot(topics)
        if cursor.epoch == self._log.epoch:
            frames = self._subscribers.frames(cursor.seq, topics)
            if frames is not None:
                return self._log.seq, head + frames + self._subscribers.up_to_date()
            reason = "the changes since your place are gone"
        else:
            reason = "the log was begun anew"
        return self._log.seq, head + self._refetch(reason)

    def _refetch(self, reason: str) -> bytes:
        word = frame("must-refetch", orjson.dumps({"reason": reason}), self._log.cursor)
        return word + self._subscribers.snapshot(self._subscriber.topics)

    async def _write(self, send: Send, direct: Send) -> None:
        """Begin by `send`, as every response does; go on by the shorter way."""
        subscriber, subscribers, log = self._subscriber, self._subscribers, self._log
        clock = asyncio.get_running_loop().time
        seq, topics, beat = self._seq, subscriber.topics, subscribers.beat
        headers = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(headers)
        await send({"type": "http.response.body", "body": self._opening, "more_body": True})
        self._opening = b""
        while subscriber.closing is None:
            grown = log.grown()
            if seq == log.seq and beat == subscribers.beat:
                await grown.wait()
                continue
            chunk = subscribers.frames(seq, topics)
            if chunk is None:
                chunk = self._refetch("you were too far behind")
            seq = log.seq
            if beat != subscribers.beat:
                beat = subscribers.beat
                chunk += subscribers.bookmark()
            if chunk:
                subscriber.sending_since = clock()
                await direct({"type": "http.response.body", "body": chunk, "more_body": True})
                subscriber.sending_since = None
        bye = frame("bye", orjson.dumps({"reason": subscriber.closing}), log.cursor)
        await send({"type": "http.response.body", "body": bye, "more_body": False})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
