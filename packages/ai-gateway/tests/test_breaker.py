"""The breaker as a machine of states: it never closes a target for ever, nor floods a sick one."""

from collections.abc import Callable

import hypothesis.strategies as st
import pytest
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from orchestra.gateway.config.sections import BreakerSection
from orchestra.gateway.routing.breaker import Breaker
from orchestra.gateway.routing.failures import Fault

pytestmark = pytest.mark.requirement("gw.resilience")

CONFIG = BreakerSection(failures=3, cooldown=5.0, longest=30.0)


class Machine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.breaker = Breaker(CONFIG, lambda: self.now)
        self.under_way = 0
        self.probes = 0

    @rule()
    def begin(self) -> None:
        state = self.breaker.state
        admitted = self.breaker.admit()
        assert admitted or state != "closed"
        assert not (admitted and state == "open")
        if admitted:
            self.under_way += 1
            self.probes += state == "half-open"
        assert self.probes <= 1

    def ends(self, how: Callable[[], None]) -> None:
        self.under_way -= 1
        how()
        self.probes = 0

    @precondition(lambda self: self.under_way)
    @rule()
    def succeed(self) -> None:
        self.ends(self.breaker.succeed)
        assert self.breaker.state == "closed"

    @precondition(lambda self: self.under_way)
    @rule(wish=st.none() | st.floats(0, 1000))
    def fail(self, wish: float | None) -> None:
        self.ends(lambda: self.breaker.fail(Fault("unavailable", retry_after=wish)))

    @precondition(lambda self: self.under_way)
    @rule()
    def forget(self) -> None:
        self.ends(self.breaker.forget)

    @rule(seconds=st.floats(0, 400))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def it_opens_again_within_its_bounds(self) -> None:
        assert self.breaker.opens_in <= 300.0 + 1e-6  # the clock adds up floats


TestBreaker = Machine.TestCase


def test_a_probe_that_ends_without_a_verdict_lets_another_through() -> None:
    now = 0.0
    breaker = Breaker(CONFIG, lambda: now)
    for _ in range(3):
        breaker.fail(Fault("unavailable"))
    now = 6.0
    assert [breaker.admit(), breaker.admit()] == [True, False]
    breaker.forget()
    assert breaker.admit()


def test_cooldown_grows_while_probes_fail_and_is_short_again_afterwards() -> None:
    now = 0.0
    breaker = Breaker(CONFIG, lambda: now)
    waits = []
    for _ in range(3):
        breaker.fail(Fault("unavailable"))
    for _ in range(4):
        waits.append(breaker.opens_in)
        now += breaker.opens_in
        assert breaker.admit()
        breaker.fail(Fault("unavailable"))
    assert waits == sorted(waits)
    assert 27.0 <= breaker.opens_in <= 30.0
    now += 30.0
    breaker.succeed()
    for _ in range(3):
        breaker.fail(Fault("unavailable"))
    assert breaker.opens_in <= 5.0
