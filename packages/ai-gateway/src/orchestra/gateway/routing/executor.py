"""Asks the targets of a plan one after the other until one answers, under one deadline."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from orchestra.gateway.calls import Finish, ModelCall
from orchestra.gateway.config.sections import Layer
from orchestra.gateway.door.errors import error_body, message_in, voice_of
from orchestra.gateway.providers.provider import Provider
from orchestra.gateway.routing.attempt import Prepared, Refused, Won, attempt
from orchestra.gateway.routing.breaker import Breakers
from orchestra.gateway.routing.failures import Fault, Word
from orchestra.gateway.routing.refusals import Given, given_up
from orchestra.gateway.routing.target import Plan, Policy, Target
from orchestra.gateway.routing.trail import Trail
from orchestra.gateway.wire import spoken

_SHOWN = 300  # characters
_JSON = {"content-type": "application/json"}
_CODES: dict[Word, str] = {"context_length": "context_length_exceeded"}


class Prepare(Protocol):
    """Puts a call into the words of a target."""

    def __call__(self, call: ModelCall, target: Target) -> Prepared:
        """The body, and how the answer is read.

        Raises:
            Fault: it cannot be said in that dialect.
        """
        ...


class Executor:
    """Retries, failover and cooldown; see `failures` for what is done about what."""

    def __init__(
        self,
        providers: Mapping[Layer, Provider],
        breakers: Breakers,
        prepare: Prepare,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._providers = providers
        self._breakers = breakers
        self._prepare = prepare
        self._sleep = sleep

    async def run(self, call: ModelCall, plan: Plan, trail: Trail) -> Won:
        """The first answer, or the final refusal, of the plan's targets.

        Raises:
            OrchestraError: nobody answered.
        """
        deadline = asyncio.get_running_loop().time() + plan.policy.deadline
        given = Given()
        # where all have failed too often, they are asked all the same: nothing can be lost by it
        for force in (False, True):
            asked = False
            for target in plan.targets:
                if not given.may_help(target):
                    continue
                if not (self._breakers.of(target).admit() or force):
                    trail.tried(target, 0.0, Fault("open"))
                    continue
                asked = True
                won = await self._ask(call, plan.policy, target, deadline, given, trail)
                if won is not None:
                    return won
                if given.stopped:
                    break
            if asked:
                break
        if (telling := given.telling) is not None:
            return _final(call, *telling)
        raise given_up(plan, given, trail.attempts)

    def broke(self, target: Target, fault: Fault) -> None:
        """A stream that had begun has failed."""
        self._breakers.of(target).fail(fault)

    async def _ask(
        self,
        call: ModelCall,
        policy: Policy,
        target: Target,
        deadline: float,
        given: Given,
        trail: Trail,
    ) -> Won | None:
        """Ask one target, as often as it makes sense."""
        for tries in range(1, policy.attempts + 1):
            came = await self._once(call, policy, target, deadline, trail)
            if isinstance(came, Won):
                return came
            fault = came
            given.add(target, fault)
            if fault.next == "stop":
                return None
            pause = _pause(fault, tries, policy)
            now = asyncio.get_running_loop().time()
            if pause is None or now + pause >= deadline:
                return None
            if self._breakers.of(target).state != "closed":
                return None
            await self._sleep(pause)
        return None

    async def _once(
        self, call: ModelCall, policy: Policy, target: Target, deadline: float, trail: Trail
    ) -> Won | Fault:
        loop = asyncio.get_running_loop()
        breaker, began = self._breakers.of(target), loop.time()
        try:
            prepared = self._prepare(call, target)
            trail.detail.pop("dropped", None)  # an earlier target's words
            if prepared.translation is not None and (left := prepared.translation.dropped):
                trail.detail["dropped"] = ", ".join(left)[:_SHOWN]
            provider = self._providers[target.layer]
            won = await attempt(provider, target, call, prepared, policy, deadline, trail)
        except Fault as fault:
            trail.tried(target, loop.time() - began, fault)
            if fault.word == "deadline" and loop.time() - began < policy.first_token:
                breaker.forget()
            elif fault.blames_provider:
                breaker.fail(fault)
            else:
                breaker.succeed()
            return fault
        except BaseException:
            breaker.forget()
            raise
        breaker.succeed()
        trail.tried(target, loop.time() - began, None, won.status)
        return won


def _final(call: ModelCall, target: Target, fault: Refused) -> Won:
    """The provider's refusal, in its own words where the door speaks like the provider."""
    said = fault.refusal
    headers, body = said.headers, said.body
    voice = voice_of(call.endpoint)
    if voice_of(spoken(call.endpoint, target.dialect)) != voice:
        message = message_in(body) or str(fault)
        if fault.word == "context_length":  # clients of both look for these words
            message = f"prompt is too long: {message}"
        code = _CODES.get(fault.word, fault.word)
        headers, body = _JSON, error_body(voice, said.status, code, message)
    filtered = fault.word == "content_filter"
    finish: Finish = "content_filter" if filtered else "error"
    return Won(target, said.status, headers, body, finish=finish)


def _pause(fault: Fault, tries: int, policy: Policy) -> float | None:
    """How long to wait before the same target is asked again; None when it is not."""
    if tries >= policy.attempts:
        return None
    if fault.next == "once":
        if tries > 1:
            return None
        return 0.0 if fault.word == "reset" else _jitter(policy.backoff)
    if fault.next != "same":
        return None
    if fault.retry_after is None:
        return _jitter(policy.backoff * 2 ** (tries - 1))
    if fault.retry_after > policy.patience:
        return None
    return fault.retry_after + _jitter(min(policy.backoff, 0.1 * fault.retry_after))


def _jitter(most: float) -> float:
    """Any time up to that, so that callers who failed together do not come back together."""
    return random.uniform(0.0, most)  # noqa: S311 - not a secret
