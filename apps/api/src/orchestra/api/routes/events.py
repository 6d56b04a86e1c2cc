"""`/api/v1/events`: the event streams; anyone allowed may append to `notes/…`."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from orchestra.api.auth import EventReader, EventWriter
from orchestra.api.state import state_of
from orchestra.api.strict import StrictRoute
from orchestra.shared.errors import Forbidden, Invalid, NotFound
from orchestra.shared.events import Event
from orchestra.shared.json import JsonObject, JsonValue
from pydantic import BaseModel, ConfigDict, Field

router = APIRouter(route_class=StrictRoute, prefix="/events", tags=["events"])

StreamName = Annotated[str, Path(max_length=300, description="such as `notes/build`")]

_DEPTH = 32  # levels of nesting that an event's data may have


class EventView(BaseModel):
    """An event. `hash` chains it to the one before."""

    stream: str
    seq: int
    id: UUID
    at: datetime
    kind: str
    actor: str
    data: dict[str, Any]  # whatever was appended
    hash: str


class EventPage(BaseModel):
    """Events in order; `next_after` asks for the following page, None when there is none."""

    events: list[EventView]
    head: int
    next_after: int | None


class NewEvent(BaseModel):
    """The event to append. With an `id` of your own, sending it again changes nothing."""

    model_config = ConfigDict(extra="forbid")

    kind: str = Field(pattern=r"^[a-z][a-z0-9._-]{0,63}$")
    data: dict[str, Any] = {}  # checked for depth and size
    id: UUID | None = None


class VerificationView(BaseModel):
    """What checking a stream's numbers and hashes found."""

    stream: str
    intact: bool
    checked: int
    first: int
    last: int
    broken_at: int | None


@router.post("/{stream:path}", status_code=201, summary="Append an event")
async def append(
    request: Request, caller: EventWriter, stream: StreamName, event: NewEvent
) -> EventView:
    """Append to a stream of notes; the answer means that it is on disk."""
    if not stream.startswith("notes/"):
        raise Forbidden(
            f"`{stream[:80]}` is written by Orchestra alone", hint="append to a stream `notes/…`"
        )
    if stream.endswith("/verify"):
        raise Invalid(
            f"`{stream[:80]}` could not be read: its address verifies the stream before the slash",
            hint="let the name end otherwise",
        )
    if _depth(event.data) > _DEPTH:
        raise Invalid(f"the data is nested deeper than {_DEPTH} levels", hint="flatten it")
    data: JsonObject = event.data
    appended = await state_of(request).events.append(
        stream, event.kind, data, actor=caller.name, id=event.id
    )
    return _view(appended)


@router.get("/{stream:path}/verify", summary="Verify a stream")
async def verify(request: Request, _caller: EventReader, stream: StreamName) -> VerificationView:
    """Check that no event of the stream is missing, changed or added."""
    events = state_of(request).events
    if await events.head(_known(stream)) is None:
        raise _absent(stream)
    found = await events.verify(stream)
    return VerificationView(
        stream=found.stream,
        intact=found.intact,
        checked=found.checked,
        first=found.first,
        last=found.last,
        broken_at=found.broken_at,
    )


@router.get("/{stream:path}", summary="Read a stream")
async def read(
    request: Request,
    _caller: EventReader,
    stream: StreamName,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> EventPage:
    """Events after a number, oldest first."""
    events = state_of(request).events
    head = await events.head(_known(stream))
    if head is None:
        raise _absent(stream)
    page = await events.read(stream, after=after, limit=limit)
    more = bool(page) and page[-1].seq < head.seq
    return EventPage(
        events=[_view(event) for event in page],
        head=head.seq,
        next_after=page[-1].seq if more else None,
    )


def _absent(stream: str) -> NotFound:
    return NotFound(f"there is no stream `{stream[:80]}`", hint="append to it to make it")


def _known(stream: str) -> str:
    if "\0" in stream:
        raise NotFound("there is no such stream", hint="a stream's name has no NUL")
    return stream


def _view(event: Event) -> EventView:
    return EventView(
        stream=event.stream,
        seq=event.seq,
        id=event.id,
        at=event.at,
        kind=event.kind,
        actor=event.actor,
        data=event.data,
        hash=event.hash.hex(),
    )


def _depth(value: JsonValue) -> int:
    """How deep a value is nested, found without recursion: it comes from outside."""
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        node, level = waiting.pop()
        deepest = max(deepest, level)
        children = (
            node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        )
        waiting.extend((child, level + 1) for child in children)
    return deepest
