"""Leaves a model at a provider alone for a while when it fails too often."""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from orchestra.gateway.config.sections import BreakerSection
from orchestra.gateway.routing.failures import Fault
from orchestra.gateway.routing.target import Target

State = Literal["closed", "open", "half-open"]
_LONGEST_WISH = 300.0  # seconds: of a `Retry-After`


class Breaker:
    """Closed, it lets everything through. Open, nothing until its cooldown is over; then one probe.

    Any success closes it, also one of an attempt that began before it opened.
    """

    __slots__ = ("_config", "_cooldown", "_in_a_row", "_last", "_probing", "_time", "_until")

    def __init__(self, config: BreakerSection, time: Callable[[], float]) -> None:
        self._config = config
        self._time = time
        self._in_a_row = 0
        self._last: deque[bool] = deque(maxlen=config.window)
        self._cooldown = 0.0
        self._until: float | None = None
        self._probing = False

    @property
    def state(self) -> State:
        """What it does with the next attempt."""
        if self._until is None:
            return "closed"
        return "open" if self._time() < self._until else "half-open"

    @property
    def opens_in(self) -> float:
        """Seconds until a probe is let through; 0 when it is closed."""
        return 0.0 if self._until is None else max(0.0, self._until - self._time())

    def admit(self) -> bool:
        """Whether an attempt may be made; who makes it says afterwards how it went."""
        if self._until is None:
            return True
        if self._time() < self._until or self._probing:
            return False
        self._probing = True
        return True

    def succeed(self) -> None:
        """An attempt was answered."""
        if self._until is not None:
            self._last.clear()
        self._in_a_row = 0
        self._last.append(True)
        self._until, self._cooldown, self._probing = None, 0.0, False

    def fail(self, fault: Fault) -> None:
        """An attempt failed by the provider's fault."""
        self._in_a_row += 1
        self._last.append(False)
        wish = min(fault.retry_after or 0.0, _LONGEST_WISH)
        if self._probing or self._is_too_much() or wish > self._config.longest:
            self._open(wish)

    def forget(self) -> None:
        """An attempt ended without saying anything about the provider."""
        self._probing = False

    def _is_too_much(self) -> bool:
        last = self._last
        if self._in_a_row >= self._config.failures:
            return True
        full = len(last) == last.maxlen
        return full and last.count(False) >= self._config.rate * len(last)

    def _open(self, wish: float) -> None:
        self._probing = False
        again = self._until is not None
        if again and self._time() < (self._until or 0.0):
            return  # it was open already: a late failure is no news
        longest = self._config.longest
        self._cooldown = min(longest, 2 * self._cooldown) if again else self._config.cooldown
        spread = random.uniform(0.9, 1.0)  # noqa: S311 - so that not all processes probe at once
        self._until = self._time() + max(self._cooldown * spread, wish)


@dataclass(frozen=True, slots=True)
class Health:
    """How a target is doing, for those who look."""

    provider: str
    model: str
    state: State
    opens_in: float


class Breakers:
    """One for each model at each provider, made when it is first asked."""

    _MOST = 4096

    def __init__(self, config: BreakerSection, time: Callable[[], float]) -> None:
        self._config = config
        self._time = time
        self._made: dict[tuple[str, str], Breaker] = {}

    def of(self, target: Target) -> Breaker:
        """The breaker of a target."""
        key = target.provider, target.model
        found = self._made.get(key)
        if found is None:
            if len(self._made) >= self._MOST:  # names come from clients where a route lets them
                del self._made[next(iter(self._made))]
            found = self._made[key] = Breaker(self._config, self._time)
        return found

    def health(self) -> list[Health]:
        """Those that were asked so far."""
        return [
            Health(provider, model, breaker.state, breaker.opens_in)
            for (provider, model), breaker in self._made.items()
        ]
