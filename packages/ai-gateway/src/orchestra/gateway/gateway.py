"""The path of a call: plan, reserve, look among kept answers, ask, answer, settle."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from orchestra.gateway.calls import Answer, Cost, Hit, ModelCall, Usage
from orchestra.gateway.door.errors import error_event
from orchestra.gateway.ports import Accounts, Answers
from orchestra.gateway.providers.headers import response_headers
from orchestra.gateway.routing.attempt import Won
from orchestra.gateway.routing.executor import Executor
from orchestra.gateway.routing.failures import Fault
from orchestra.gateway.routing.flow import Flow
from orchestra.gateway.routing.plans import Plans
from orchestra.gateway.routing.target import Policy, Target
from orchestra.gateway.routing.timer import Timer
from orchestra.gateway.routing.trail import Trail
from orchestra.gateway.wire import count_tokens, spoken

_KEPT = 1024 * 1024  # bytes of a stream that may be kept
Headers = list[tuple[bytes, bytes]]


class Reply(Protocol):
    """Where an answer goes: to a client over HTTP, or to a caller in this process."""

    async def whole(self, status: int, headers: Headers, body: bytes) -> None:
        """All of it."""
        ...

    async def begin(self, status: int, headers: Headers) -> None:
        """The head of a stream."""
        ...

    async def piece(self, data: bytes) -> None:
        """Some events of the stream."""
        ...

    async def end(self) -> None:
        """The end of the stream."""
        ...


class Gateway:
    """One door to every model."""

    def __init__(
        self,
        plans: Plans,
        executor: Executor,
        accounts: Accounts,
        answers: Answers,
        time: Callable[[], float],
    ) -> None:
        self.plans = plans
        self._executor = executor
        self._accounts = accounts
        self._answers = answers
        self._time = time

    def with_plans(self, plans: Plans) -> "Gateway":
        """The same gateway to everything, asked by other plans."""
        return Gateway(plans, self._executor, self._accounts, self._answers, self._time)

    async def answer(self, call: ModelCall, reply: Reply, trail: Trail | None = None) -> None:
        """Answer a call.

        Raises:
            OrchestraError: it cannot be answered, and nothing was sent.
        """
        plan = self.plans.plan(call)
        trail = trail or Trail(self._time)
        trail.route = plan.route
        reservation = await self._accounts.reserve(call, plan.targets)
        settled: list[Cost] = []

        def settle() -> Cost:
            if not settled:
                settled.append(self._accounts.settle(reservation, call, trail.outcome()))
            return settled[0]

        try:
            if call.endpoint == "count_tokens" and not any(map(_counts, plan.targets)):
                await self._count(call, trail, settle, reply)
                return
            hit = await self._answers.find(call, plan.targets)
            if hit is not None:
                await self._again(call, hit, trail, settle, reply)
                return
            won = await self._executor.run(call, plan, trail)
            trail.target, trail.status = won.target, won.status
            if won.flow is None:
                await self._whole(call, won, trail, settle, reply)
            else:
                await self._stream(call, plan.policy, won, trail, settle, reply)
        except asyncio.CancelledError:
            trail.finish = "cancelled"
            raise
        finally:
            settle()

    async def _again(
        self, call: ModelCall, hit: Hit, trail: Trail, settle: Callable[[], Cost], reply: Reply
    ) -> None:
        """Give a kept answer."""
        answer = hit.answer
        trail.cache, trail.status, trail.finish = hit.kind, 200, answer.finish
        trail.usage = answer.usage
        trail.detail["cache"] = f"{hit.kind};{hit.note}" if hit.note else hit.kind
        headers = self._headers(call, trail, settle(), answer.provider, answer.model)
        kind = b"text/event-stream; charset=utf-8" if answer.stream else b"application/json"
        headers.append((b"content-type", kind))
        if answer.stream:
            await reply.begin(200, headers)
            await reply.piece(answer.body)
            await reply.end()
        else:
            await reply.whole(200, headers, answer.body)

    async def _count(
        self, call: ModelCall, trail: Trail, settle: Callable[[], Cost], reply: Reply
    ) -> None:
        """Estimate how long a question is, where no target of the plan counts."""
        body = b'{"input_tokens":%d}' % count_tokens(call.body)
        trail.status, trail.finish, trail.usage = 200, "stop", Usage(cost=0)
        headers = self._headers(call, trail, settle(), "orchestra", "estimate")
        await reply.whole(200, [*headers, (b"content-type", b"application/json")], body)

    async def _whole(
        self, call: ModelCall, won: Won, trail: Trail, settle: Callable[[], Cost], reply: Reply
    ) -> None:
        trail.usage, trail.finish, trail.received = won.usage, won.finish, len(won.body)
        headers = self._headers(call, trail, settle(), won.target.provider, won.target.model)
        await reply.whole(won.status, [*headers, *response_headers(won.headers)], won.body)
        if won.status == 200:
            self._keep(call, won, trail, won.body)

    async def _stream(
        self,
        call: ModelCall,
        policy: Policy,
        won: Won,
        trail: Trail,
        settle: Callable[[], Cost],
        reply: Reply,
    ) -> None:
        headers = self._headers(call, trail, None, won.target.provider, won.target.model)
        await reply.begin(won.status, [*headers, *response_headers(won.headers)])
        sent: list[bytes] = []
        try:
            await self._pass_on(policy, won, trail, reply, sent)
        except Fault as fault:
            trail.finish = "error"
            trail.detail["error"] = fault.word
            self._executor.broke(won.target, fault)
            message = f"the answer of `{won.target.provider}` broke off: {fault}"
            assert won.flow is not None  # noqa: S101 - a stream has one
            event = won.flow.fail(message, fault.word)
            await reply.piece(event or error_event(call.endpoint, fault.word, message))
        settle()
        await reply.end()
        if trail.finish == "stop":
            self._keep(call, won, trail, b"".join(sent))

    async def _pass_on(
        self, policy: Policy, won: Won, trail: Trail, reply: Reply, sent: list[bytes]
    ) -> None:
        """Pass a stream on, event by event, for as long as it goes on.

        Raises:
            Fault: it did not come to its end.
        """
        flow = won.flow
        assert flow is not None  # noqa: S101 - a stream has one
        loop = asyncio.get_running_loop()
        longest = loop.time() + policy.longest
        size = 0
        try:
            with Timer(min(loop.time() + policy.stall, longest)) as timer:
                for held in won.held:
                    await reply.piece(held)
                    sent.append(held)
                while True:
                    timer.move(min(loop.time() + policy.stall, longest))
                    events = await flow.next()
                    if events is None:
                        break
                    await reply.piece(events)
                    size += len(events)
                    if size <= _KEPT:
                        sent.append(events)
        except TimeoutError:
            if not flow.waiting:  # it is the client that does not read
                raise asyncio.CancelledError from None
            late = loop.time() >= longest
            raise Fault("too_long" if late else "stalled", "no more came in time") from None
        finally:
            flow.response.close()
            self._read(flow, trail)
            if size > _KEPT:
                sent.clear()

    def _read(self, flow: Flow, trail: Trail) -> None:
        trail.usage, trail.received = flow.meter.usage, flow.received
        trail.finish = flow.meter.finish or ("stop" if flow.meter.done else "error")
        if flow.dropped:
            trail.detail["damaged"] = str(flow.dropped)

    def _keep(self, call: ModelCall, won: Won, trail: Trail, body: bytes) -> None:
        if not body:
            return
        target = won.target
        self._answers.keep(
            call,
            Answer(body, call.stream, target.model, target.provider, trail.usage, trail.finish),
        )

    def _headers(
        self, call: ModelCall, trail: Trail, cost: Cost | None, provider: str, model: str
    ) -> Headers:
        headers: Headers = [
            (b"x-orchestra-request-id", call.id.encode()),
            (b"x-orchestra-route", (trail.route or "").encode()),
            (b"x-orchestra-provider", provider.encode()),
            (b"x-orchestra-model", model.encode("ascii", "replace")),
            (b"x-orchestra-attempts", b"%d" % len(trail.attempts)),
            (b"x-orchestra-cache", trail.detail.get("cache", "miss").encode()),
        ]
        if dropped := trail.detail.get("dropped"):
            headers.append((b"x-orchestra-dropped", dropped.encode("ascii", "replace")))
        if cost is not None and cost.nano is not None:
            headers.append((b"x-orchestra-cost", dollars(cost.nano).encode()))
        return headers


def _counts(target: Target) -> bool:
    return spoken("count_tokens", target.dialect) is not None


def dollars(nano: int) -> str:
    """Nano-dollars as decimal dollars, exactly."""
    whole, rest = divmod(nano, 1_000_000_000)
    return f"{whole}.{rest:09d}".rstrip("0").rstrip(".")
