"""One attempt at one target: from the request to an answer, or to the beginning of its stream."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
from orchestra.gateway.calls import Endpoint, Finish, ModelCall, Usage
from orchestra.gateway.providers.provider import Provider, Response
from orchestra.gateway.routing.failures import Fault, Refusal, Word, fault_of
from orchestra.gateway.routing.flow import Flow
from orchestra.gateway.routing.target import Policy, Target, Timeouts
from orchestra.gateway.routing.timer import Timer
from orchestra.gateway.routing.trail import Trail
from orchestra.gateway.wire import Meter, Translator, Unreadable, usage_of_json

_LARGEST_ANSWER = 64 * 1024 * 1024  # bytes
_SIGNS: dict[Endpoint, bytes] = {
    "chat": b"data: [DONE]\n\n",
    "messages": b'event: message_stop\ndata: {"type":"message_stop"}\n\n',
}
_LARGEST_REFUSAL = 256 * 1024


class Refused(Fault):
    """The provider said no, and in which words."""

    def __init__(self, refusal: Refusal) -> None:
        found = fault_of(refusal, time.time())
        super().__init__(found.word, status=refusal.status, retry_after=found.retry_after)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call as it goes to a target, and how its answer is read."""

    body: bytes
    translation: Translator | None = None
    """Turns the answer into the format of the door; None where it is that already."""
    uncounted: bool = False
    """The target is asked for a usage that the client did not ask for."""


@dataclass(slots=True)
class Won:
    """An answer: whole in `body`, or a stream of which `held` has come and `flow` is to come."""

    target: Target
    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    usage: Usage | None = None
    finish: Finish = "stop"
    flow: Flow | None = None
    held: list[bytes] = field(default_factory=list)


async def attempt(
    provider: Provider,
    target: Target,
    call: ModelCall,
    prepared: Prepared,
    policy: Policy,
    deadline: float,
    trail: Trail,
) -> Won:
    """Ask a target once; `deadline` is in the event loop's time.

    Raises:
        Fault: it failed; nothing of it has reached the client.
    """
    loop = asyncio.get_running_loop()
    first = policy.first_token if call.stream else policy.answer
    timeouts = Timeouts(policy.connect, first, policy.stall)
    response: Response | None = None
    phase: Word = "answer_timeout"
    try:
        with Timer(min(loop.time() + first, deadline)) as timer:
            response = await provider.open(target, call, prepared.body, timeouts)
            if not 200 <= response.status < 300:
                raise Refused(await _refusal(response))
            if call.stream:
                phase = "first_token_timeout"
                won = await _stream(response, target, call, prepared, policy, timer, trail)
            else:
                phase = "stalled"
                won = await _whole(response, target, call, prepared, policy, timer, deadline)
    except TimeoutError:
        if response is not None:
            response.close()
        raise Fault("deadline" if loop.time() >= deadline else phase) from None
    except BaseException:  # also when the client has left: nothing goes on upstream without it
        if response is not None:
            response.close()
        raise
    return won


async def _refusal(response: Response) -> Refusal:
    body = bytearray()
    async for piece in response:
        body += piece
        if len(body) > _LARGEST_REFUSAL:
            break
    response.close()
    return Refusal(response.status, response.headers, bytes(body))


async def _whole(
    response: Response,
    target: Target,
    call: ModelCall,
    prepared: Prepared,
    policy: Policy,
    timer: Timer,
    deadline: float,
) -> Won:
    loop = asyncio.get_running_loop()
    pieces: list[bytes] = []
    size = 0
    # most answers are there with their head: a timer that is not needed costs as much as all this
    if not getattr(response, "complete", False):
        timer.move(min(loop.time() + policy.stall, deadline))
    async for piece in response:
        pieces.append(piece)
        size += len(piece)
        if size > _LARGEST_ANSWER:
            raise Fault("garbled", "the answer is too long")
        if not getattr(response, "complete", False):
            timer.move(min(loop.time() + policy.stall, deadline))
    response.close()
    body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    if not _is_object(body):
        raise Fault("garbled", "the answer is not a JSON object", status=response.status)
    reading = usage_of_json(target.dialect, call.endpoint, body)
    if reading.error is not None:
        raise Fault("server_error", reading.error[:300], status=response.status)
    if prepared.translation is not None:
        try:
            body = prepared.translation.response(body)
        except Unreadable as error:
            raise Fault("garbled", str(error)[:300], status=response.status) from None
    finish = reading.finish or "stop"
    return Won(target, response.status, response.headers, body, reading.usage, finish)


def _is_object(body: bytes) -> bool:
    try:
        msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


async def _stream(
    response: Response,
    target: Target,
    call: ModelCall,
    prepared: Prepared,
    policy: Policy,
    timer: Timer,
    trail: Trail,
) -> Won:
    """Hold the stream back for as long as the route wants an early failure to stay unseen."""
    if not response.headers.get("content-type", "").startswith("text/event-stream"):
        raise Fault("garbled", "the answer is not a stream of events", status=response.status)
    loop = asyncio.get_running_loop()
    meter = Meter(target.dialect, call.endpoint)
    if (translation := prepared.translation) is not None:
        flow = Flow(response, meter, stream=translation.stream())
    else:
        sign = _SIGNS.get(call.endpoint, b"")
        flow = Flow(response, meter, sign=sign, uncounted=prepared.uncounted)
    won = Won(target, response.status, response.headers, flow=flow)
    while True:
        events = await flow.next()
        if flow.meter.text_started and trail.first_token is None:
            trail.token()
        if events is None:
            break
        won.held.append(events)
        if policy.streaming == "live" or flow.complete:
            break
        if flow.meter.text_started and policy.streaming == "guarded":
            break
        if flow.meter.text_started:
            timer.move(loop.time() + policy.stall)
    if policy.streaming == "atomic":
        await _all(flow, won, timer, policy)
    return won


async def _all(flow: Flow, won: Won, timer: Timer, policy: Policy) -> None:
    loop = asyncio.get_running_loop()
    while True:
        timer.move(loop.time() + policy.stall)
        events = await flow.next()
        if events is None:
            return
        won.held.append(events)
