"""A process is killed at each moment of a hand-off in turn: nothing is lost, nothing is doubled."""

import asyncio

import pytest
from orchestra.coordination.tables import HandoffRow, TaskRow
from orchestra.coordination.tasks import Handoff, Handover, NewTask, Progress, Task
from orchestra.coordination.testing.crashing import Call, killed_at
from orchestra.coordination.testing.tasks import TaskDesk, caller
from orchestra.shared.errors import Conflict
from sqlalchemy import func, select

pytestmark = pytest.mark.requirement("agent.handoff")

CLAUDE, CODEX = caller("claude"), caller("codex")
PROGRESS = Progress(next_step="write the printer")
MOMENTS = range(1, 60)  # more than any of these has


async def dies(
    desk: TaskDesk, moment: int, method: str, *arguments: object, **more: object
) -> bool:
    """Whether another process was killed at that moment of it; if not, it came to its end."""
    part = "handoffs" if method in ("create", "accept") else "tasks"
    call = Call(part, method, arguments, more)  # type: ignore[arg-type]  # one of the two words
    killed = await asyncio.to_thread(killed_at, moment, desk.database.dsn, call)
    assert killed or moment > 4  # it was killed at several moments before
    return killed


async def claimed(desk: TaskDesk) -> Task:
    task = await desk.tasks.create(NewTask("Mend the build"), CLAUDE)
    return await desk.tasks.claim(task.id, CLAUDE)


def handover_of(task: Task) -> Handover:
    assert task.claim is not None
    return Handover(task.id, token=task.claim.token, to="codex", progress=PROGRESS)


async def offered(desk: TaskDesk) -> Handoff:
    return await desk.handoffs.create(handover_of(await claimed(desk)), CLAUDE)


async def handoffs_of(desk: TaskDesk, task_id: str) -> int:
    query = select(func.count()).select_from(HandoffRow).where(HandoffRow.task_id == task_id)
    async with desk.database.transaction() as session:
        return await session.scalar(query) or 0


async def test_an_offer_is_made_once_or_not_at_all(desk: TaskDesk) -> None:
    for moment in MOMENTS:
        task = await claimed(desk)
        killed = await dies(desk, moment, "create", handover_of(task), CLAUDE)

        known = await desk.tasks.show(task.id, CLAUDE)
        if known.handoff is None:  # nothing has happened: it is held as before, by the same token
            assert known.claim == task.claim
            assert killed
            await desk.handoffs.create(handover_of(task), CLAUDE)
        else:  # it has happened: to send it again makes no second one
            with pytest.raises(Conflict):
                await desk.handoffs.create(handover_of(task), CLAUDE)
        assert await handoffs_of(desk, task.id) == 1
        waiting = [h for h in await desk.handoffs.list(CODEX) if h.task_id == task.id]
        accepted = await desk.handoffs.accept(waiting[0].id, CODEX)
        assert accepted.handoff.packet.next_step == "write the printer"
        if not killed:
            return
    raise AssertionError("it has no end")


async def test_an_offer_is_accepted_once_or_waits_on(desk: TaskDesk) -> None:
    for moment in MOMENTS:
        handoff = await offered(desk)
        killed = await dies(desk, moment, "accept", handoff.id, CODEX)

        again = await desk.handoffs.accept(handoff.id, CODEX)
        assert again.task.claim is not None
        assert again.task.claim.token == 2  # the first, whether or not the killed one gave it out
        done = await desk.tasks.complete(handoff.task_id, CODEX, token=2)
        assert done.state == "done"
        if not killed:
            return
    raise AssertionError("it has no end")


async def test_a_new_task_that_is_handed_over_is_there_with_its_offer_or_not_at_all(
    desk: TaskDesk,
) -> None:
    for moment in MOMENTS:
        draft = NewTask("Write the docs", key=f"key-{moment}")
        killed = await dies(desk, moment, "create", Handover(draft, to="codex"), CLAUDE)

        try:
            await desk.handoffs.create(Handover(draft, to="codex"), CLAUDE)
        except Conflict as error:
            assert "by that key before" in error.message  # noqa: PT017 - either is right
        async with desk.database.transaction() as session:
            tasks = await session.scalar(select(func.count()).select_from(TaskRow))
        assert tasks == moment
        assert len(await desk.handoffs.list(CODEX)) == moment
        if not killed:
            return
    raise AssertionError("it has no end")


async def test_a_claim_is_given_out_once_or_not_at_all(desk: TaskDesk) -> None:
    for moment in MOMENTS:
        task = await desk.tasks.create(NewTask("Mend"), CLAUDE)
        killed = await dies(desk, moment, "claim", task.id, CODEX)

        again = await desk.tasks.claim(task.id, CODEX)
        assert again.claim is not None
        assert again.claim.token == 1
        if not killed:
            return
    raise AssertionError("it has no end")
