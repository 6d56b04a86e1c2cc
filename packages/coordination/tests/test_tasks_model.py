"""Whatever agents do in whatever order: one holder, growing tokens, nothing lost, nothing doubled."""

import contextlib
import itertools
from collections.abc import Coroutine

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from orchestra.coordination.tasks import Handover, NewTask, Progress, Task
from orchestra.coordination.testing.tasks import TaskDesk, caller
from orchestra.shared.db import Database
from orchestra.shared.errors import OrchestraError
from orchestra.shared.events import EventLog
from orchestra.shared.identity import Caller

pytestmark = pytest.mark.requirement("agent.handoff")

ADA = caller("ada", "human")
AGENTS = (caller("claude"), caller("codex"), caller("cursor"))
_who = st.sampled_from(AGENTS)
_age = st.integers(0, 2)  # of the token that is used: the newest that the agent knows, or older
_operations = st.one_of(
    st.tuples(st.just("claim"), _who),
    st.tuples(st.just("renew"), _who, _age),
    st.tuples(st.just("release"), _who, _age),
    st.tuples(st.just("complete"), _who, _age),
    st.tuples(st.just("hand"), _who, _age, st.sampled_from((None, "claude", "codex"))),
    st.tuples(st.just("accept"), _who),
    st.tuples(st.just("withdraw"), _who),
    st.tuples(st.just("wait"), st.sampled_from((500, 901, 3601))),
    st.tuples(st.just("reoffer")),
)
_numbers = itertools.count()


class Model:
    """What ought to be true of one task."""

    def __init__(self) -> None:
        self.token = 0
        self.holder: str | None = None
        self.left = 0.0  # seconds of the lease
        self.offer: tuple[str, str | None, float] | None = None  # id, for whom, seconds kept
        self.done = False

    def holds(self, who: Caller, token: int) -> bool:
        return not self.done and self.holder == who.name and token == self.token

    def claimable(self, who: Caller) -> bool:
        kept = self.offer is not None and (self.offer[1] is None or self.offer[2] > 0)
        return not self.done and (self.holder == who.name or (self.holder is None and not kept))

    def acceptable(self, who: Caller) -> bool:
        return self.offer is not None and self.offer[1] in (None, who.name)

    def give(self, who: Caller) -> None:
        if self.holder != who.name:
            self.token += 1
        self.holder, self.left, self.offer = who.name, max(self.left, 900), None

    def take(self) -> None:
        self.holder, self.left = None, 0.0

    def wait(self, seconds: float) -> None:
        self.left -= seconds
        if self.holder is not None and self.left <= 0:
            self.take()
        if self.offer is not None:
            self.offer = (*self.offer[:2], self.offer[2] - seconds)


class Story:
    """One task, what agents do to it, and what they know of it."""

    def __init__(self, desk: TaskDesk, task: Task) -> None:
        self.desk = desk
        self.id = task.id
        self.model = Model()
        self.tokens: dict[str, list[int]] = {agent.name: [] for agent in AGENTS}

    async def do(self, verb: object, *given: object) -> None:
        match verb, *given:
            case "claim", Caller() as who:
                wanted = self.model.claimable(who)
                assert await self._tried(self._claim(who)) == wanted
            case "renew" | "release" | "complete" | "hand", Caller() as who, int(age), *to:
                await self._write(str(verb), who, age, to[0] if to else None)
            case "accept", Caller() as who:
                wanted = self.model.acceptable(who)
                assert await self._tried(self._accept(who)) == wanted
            case "withdraw", Caller() as who:
                if self.model.offer is not None:
                    await self._tried(self._withdraw(who))
            case "wait", int(seconds):
                await self.desk.let_time_pass(seconds)
                self.model.wait(seconds)
            case "reoffer", *_:
                await self.desk.leases.reoffer()
        await self._agree()

    async def _write(self, verb: str, who: Caller, age: int, to: object) -> None:
        known = self.tokens[who.name]
        token = known[-1 - age] if len(known) > age else 10**6
        wanted = self.model.holds(who, token)
        again = verb == "complete" and self.model.done
        assert await self._tried(self._written(verb, who, token, to)) == wanted or again
        if not wanted:
            return
        if verb == "renew":
            self.model.left = 900
        elif verb in ("release", "complete"):
            self.model.take()
            self.model.done = verb == "complete"

    async def _written(self, verb: str, who: Caller, token: int, to: object) -> None:
        tasks = self.desk.tasks
        if verb == "renew":
            await tasks.renew(self.id, who, token=token)
        elif verb == "release":
            await tasks.release(self.id, who, token=token)
        elif verb == "complete":
            await tasks.complete(self.id, who, token=token)
        else:
            await self._hand(who, token, to)

    async def _claim(self, who: Caller) -> None:
        task = await self.desk.tasks.claim(self.id, who)
        self._won(who, task)

    async def _accept(self, who: Caller) -> None:
        offer = self.model.offer
        id = offer[0] if offer else "hof_none"
        self._won(who, (await self.desk.handoffs.accept(id, who)).task)

    async def _hand(self, who: Caller, token: int, to: object) -> None:
        name = to if isinstance(to, str) else None
        handover = Handover(self.id, token=token, to=name, progress=Progress(next_step="go on"))
        made = await self.desk.handoffs.create(handover, who)
        self.model.take()
        self.model.offer = (made.id, name, 3600)

    async def _withdraw(self, who: Caller) -> None:
        offer = self.model.offer
        assert offer is not None
        made = await self.desk.handoffs.withdraw(offer[0], who)
        assert made.sender == who.name
        self.model.offer = None

    def _won(self, who: Caller, task: Task) -> None:
        assert task.claim is not None
        assert task.claim.token is not None
        self.model.give(who)
        assert task.claim.token == self.model.token
        if task.claim.token not in self.tokens[who.name]:
            self.tokens[who.name].append(task.claim.token)

    async def _tried(self, act: Coroutine[None, None, None]) -> bool:
        with contextlib.suppress(OrchestraError):
            await act
            return True
        return False

    async def _agree(self) -> None:
        task = await self.desk.tasks.show(self.id, ADA)
        model = self.model
        expected = "done" if model.done else "claimed" if model.holder else "open"
        assert task.state == expected
        assert (task.claim.holder if task.claim else None) == model.holder
        waiting = [one.id for one in await self.desk.handoffs.list(ADA) if one.task_id == self.id]
        assert waiting == ([model.offer[0]] if model.offer else [])


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(operations=st.lists(_operations, min_size=1, max_size=25))
async def test_the_tasks_do_what_the_model_says(
    database: Database, events: EventLog, operations: list[tuple[object, ...]]
) -> None:
    desk = TaskDesk(database, events, len)
    task = await desk.tasks.create(NewTask(f"Task {next(_numbers)}"), ADA)
    story = Story(desk, task)

    for operation in operations:
        await story.do(*operation)
