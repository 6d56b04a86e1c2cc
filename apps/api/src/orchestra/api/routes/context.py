"""`/api/v1/context`: the live context, now or when it changes."""

import asyncio
from typing import Annotated, Any, cast

import orjson
from fastapi import APIRouter, Header, Path, Query, Request, Response
from orchestra.api.auth import Reader
from orchestra.api.state import State, state_of
from orchestra.api.strict import StrictRoute
from orchestra.api.topics import FollowedTopics, TopicsParameter, followed, topics_of
from orchestra.context import TOPICS, Cursor, Status
from orchestra.context.log import Topics
from orchestra.shared.errors import NotFound
from orchestra.shared.json import JsonObject, canonical
from pydantic import BaseModel, Field

router = APIRouter(route_class=StrictRoute, prefix="/context", tags=["context"])


class Fact(BaseModel):
    """What is known about one topic."""

    status: Status
    source: str = Field(description="where it is from")
    observed_at: str = Field(description="when it last changed, UTC")
    detail: str | None = Field(description="why it is not `ok`, and what to do")
    value: dict[str, Any] | None  # the shape is the topic's own


class ContextView(BaseModel):
    """The context at one place in the stream."""

    epoch: str = Field(description="changes when the log is begun anew")
    seq: int = Field(description="the number of the last change that is in here")
    topics: dict[str, Fact]
    checked: dict[str, str] = Field(description="when each topic was last looked at, UTC")


class Waited(ContextView):
    """The context after waiting; `changed` says whether there was anything to wait for."""

    changed: bool


Since = Annotated[
    str,
    Query(
        description="a place in the stream: `epoch:seq`",
        json_schema_extra={"pattern": "^[0-9a-f]{32}:(0|[1-9][0-9]{0,17})$"},
    ),
]


@router.get("", response_model=ContextView, summary="The context now")
async def show(
    request: Request,
    _caller: Reader,
    topics: TopicsParameter = None,
    consistent: Annotated[
        bool, Query(description="wait until all that has happened up to now is in the answer")
    ] = False,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """The whole document, or the named topics of it; the ETag is the place in the stream."""
    state, chosen = state_of(request), topics_of(topics)
    if consistent:
        await state.engine.settle()
    tag = f'"{state.context.cursor}"'
    if if_none_match == tag:
        return Response(status_code=304, headers={"ETag": tag})
    return _answer(_view(state, chosen), tag)


@router.get("/topics/{topic}", response_model=Fact, summary="One topic")
async def topic(
    request: Request, _caller: Reader, topic: Annotated[str, Path(max_length=64)]
) -> Response:
    """The fact about one topic."""
    facts = cast("JsonObject", state_of(request).context.document["topics"])
    if topic not in facts:
        known = "nothing is known yet about" if topic in TOPICS else "there is no topic"
        raise NotFound(f"{known} `{topic}`", hint=f"the topics are {', '.join(TOPICS)}")
    return _answer(facts[topic], f'"{state_of(request).context.cursor}"')


@router.get("/wait", response_model=Waited, summary="Wait for a change")
async def wait(
    request: Request,
    caller: Reader,
    since: Since,
    topics: FollowedTopics = None,
    timeout: Annotated[float, Query(ge=0, le=60, allow_inf_nan=False)] = 25.0,
) -> Response:
    """Answer as soon as a topic has changed since that place, or when the seconds are over."""
    state, cursor = state_of(request), Cursor.parse(since)
    chosen, changed = await followed(topics, caller, state), True
    try:
        async with asyncio.timeout(timeout):
            await _changed(state, chosen, cursor)
    except TimeoutError:
        changed = False
    return _answer({**_view(state, chosen), "changed": changed}, f'"{state.context.cursor}"')


async def _changed(state: State, topics: Topics | None, cursor: Cursor) -> None:
    log, seq = state.context, cursor.seq
    while cursor.epoch == log.epoch:
        grown, deltas = log.grown(), log.since(seq)
        if deltas is None or any(topics is None or d.topic in topics for d in deltas):
            return
        seq = log.seq
        if state.stopping.is_set():
            return
        await grown.wait()


def _view(state: State, topics: Topics | None) -> JsonObject:
    view = cast("JsonObject", orjson.loads(state.context.snapshot(topics)))
    view["checked"] = {
        name: at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        for name, at in state.engine.checked.items()
        if topics is None or name in topics
    }
    return view


def _answer(body: object, tag: str) -> Response:
    content = canonical(cast("JsonObject", body))
    return Response(content, headers={"ETag": tag}, media_type="application/json")
