"""Approvals against a model: whatever is asked, decided and done, in whatever order."""

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from orchestra.coordination import MIGRATIONS
from orchestra.coordination.governance import Act, ApprovalState
from orchestra.coordination.testing.governed import ADA, Governed, caller
from orchestra.shared.db import Database
from orchestra.shared.errors import Conflict, Forbidden
from orchestra.shared.events import EventLog, PostgresBus
from orchestra.shared.identity import Caller
from orchestra.shared.metrics import Metrics
from orchestra.shared.migrations import Migrations
from orchestra.shared.redaction import Redactor
from orchestra.shared.testing.postgres import TemporaryPostgres

pytestmark = pytest.mark.requirement("agent.enforce")

T = TypeVar("T")
AGENTS = [caller("claude", "agent", "admin"), caller("codex", "agent", "approvals:decide")]
PEOPLE = [ADA, caller("carl", "human", "approvals:decide")]
ACTORS = st.sampled_from([*AGENTS, caller("carl", "human")])
ACTS = st.sampled_from(
    [
        Act(None, "drop a", {"n": 1}, destructive=True),
        Act(None, "drop b", {"n": 2}, destructive=True),
        Act(None, "drop a", {"n": 2}, destructive=True),
    ]
)


class World:
    """A loop, and a governor on a database of its own for each run."""

    def __init__(self, postgres: TemporaryPostgres) -> None:
        self.loop = asyncio.new_event_loop()
        self.database = Database(postgres.create_database())
        self.events = EventLog(
            self.database, PostgresBus(self.database), redactor=Redactor(), metrics=Metrics()
        )
        self.run(Migrations(self.database, [MIGRATIONS]).apply())
        self.run(self.events.start())
        self.rounds = 0

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def close(self) -> None:
        self.run(self.events.close())
        self.run(self.database.close())
        self.loop.close()


@pytest.fixture(scope="module")
def world(postgres: TemporaryPostgres) -> Iterator[World]:
    made = World(postgres)
    yield made
    made.close()


class Machine(RuleBasedStateMachine):
    """Key: who asked, and what, in this round; each request once in the state that it has."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.world.rounds += 1
        self.governed = Governed.over(self.world.database, self.world.events)
        self.states: dict[str, ApprovalState] = {}
        self.keys: dict[str, tuple[str, str]] = {}
        self.happened = 0
        self.approved = 0

    def mine(self, act: Act) -> Act:
        return Act(None, act.summary, {**act.subject, "round": self.world.rounds}, destructive=True)

    def of(self, who: Caller, act: Act, state: ApprovalState) -> list[str]:
        key = (who.principal_id, act.hash)
        return [id for id, s in self.states.items() if s == state and self.keys[id] == key]

    @rule(who=ACTORS, act=ACTS)
    def do(self, who: Caller, act: Act) -> None:
        act = self.mine(act)
        verdict = self.world.run(self.governed.governor.judge(act, who))
        approved, denied = self.of(who, act, "approved"), self.of(who, act, "denied")
        pending = self.of(who, act, "pending")
        if approved:
            assert verdict.outcome == "allow"
            assert verdict.approval_id in approved
            self.states[str(verdict.approval_id)] = "used"
            self.happened += 1
        elif denied:
            assert (verdict.outcome, verdict.approval_id) == ("deny", denied[-1])
        else:
            assert verdict.outcome == "ask"
            assert not pending or verdict.approval_id == pending[0]
            self.states[str(verdict.approval_id)] = "pending"
            self.keys[str(verdict.approval_id)] = (who.principal_id, act.hash)

    @rule(data=st.data(), by=st.sampled_from([*AGENTS, *PEOPLE]), approve=st.booleans())
    def decide(self, data: st.DataObject, by: Caller, approve: bool) -> None:
        if not self.states:
            return
        id = data.draw(st.sampled_from([*self.states]), label="request")  # in the order of asking
        decision = self.governed.approvals.decide(id, by, approve=approve, comment="")
        if by.kind != "human" or self.keys[id][0] == by.principal_id:
            with pytest.raises(Forbidden):
                self.world.run(decision)
        elif self.states[id] != "pending":
            with pytest.raises(Conflict):
                self.world.run(decision)
        else:
            self.states[id] = "approved" if approve else "denied"
            self.approved += approve
            assert self.world.run(decision).state == self.states[id]

    @invariant()
    def nothing_happened_that_was_not_approved(self) -> None:
        assert self.happened <= self.approved
        assert self.happened == [*self.states.values()].count("used")

    def teardown(self) -> None:
        for id, state in self.states.items():
            assert self.world.run(self.governed.approvals.get(id, ADA)).state == state
        assert self.world.run(self.world.events.verify("audit")).intact


def test_no_order_of_events_lets_an_act_happen_twice(world: World) -> None:
    bound: type[Machine] = type("Bound", (Machine,), {"world": world})
    run_state_machine_as_test(
        bound,
        settings=settings(
            max_examples=12,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
