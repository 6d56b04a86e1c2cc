"""The journal: what agents did, bounded, without secrets, and each session its own principal's."""

import asyncio

import pytest
from orchestra.coordination.tables import TaskRow
from orchestra.coordination.tasks import Handover, NewTask, WorkEvent
from orchestra.coordination.testing.tasks import TaskDesk, caller
from orchestra.shared.db import SCHEMA
from orchestra.shared.errors import Invalid, NotFound, Unavailable
from sqlalchemy import select, text

pytestmark = pytest.mark.requirement("agent.handoff")

CLAUDE, CODEX = caller("claude"), caller("codex")


async def kept(desk: TaskDesk) -> list[tuple[str, str]]:
    query = text(f"select session, text from {SCHEMA}.journal order by id")
    async with desk.database.transaction() as session:
        return [tuple(row) for row in await session.execute(query)]


async def test_the_newest_events_of_each_kind_are_kept(desk: TaskDesk) -> None:
    for number in range(33):
        await desk.journal.record(CLAUDE, "claude/1", WorkEvent("command", f"make {number}"))
    await desk.journal.record(CLAUDE, "claude/1", WorkEvent("prompt", "go on"))
    await desk.journal.record(CLAUDE, "claude/2", WorkEvent("command", "make"))

    rows = await kept(desk)

    assert rows[0] == ("claude/1", "make 3")
    assert len(rows) == 32


async def test_a_session_belongs_to_whoever_used_it_first(desk: TaskDesk) -> None:
    await desk.journal.record(CLAUDE, "claude/1", WorkEvent("started", ""))

    with pytest.raises(NotFound, match="no session"):
        await desk.journal.record(CODEX, "claude/1", WorkEvent("command", "make"))
    assert await kept(desk) == [("claude/1", "")]


@pytest.mark.requirement("trust.inputs")
@pytest.mark.parametrize("name", ["", "claude", "Claude/1", "claude/a b", "c/" + "x" * 200, "c/\n"])
async def test_what_is_no_session_is_refused(desk: TaskDesk, name: str) -> None:
    with pytest.raises(Invalid, match="<brand>/<id>"):
        await desk.journal.record(CLAUDE, name, WorkEvent("command", "make"))


async def test_a_secret_is_not_kept_even_where_the_text_is_cut(desk: TaskDesk) -> None:
    secret = "AKIA" + "Q3EGRTWZ7XK2PLMN"
    for before in range(270, 300):
        said = "x" * before + " " + secret
        await desk.journal.record(CLAUDE, "claude/1", WorkEvent("command", said))

    assert [said for _, said in await kept(desk) if secret[:8] in said] == []


async def test_work_on_a_claimed_task_keeps_its_lease(desk: TaskDesk) -> None:
    task = await desk.tasks.create(NewTask("Mend the build"), CODEX)
    await desk.tasks.claim(task.id, CLAUDE, session="claude/1")
    await desk.let_time_pass(800)
    await desk.journal.record(CLAUDE, "claude/1", WorkEvent("command", "make"))
    await desk.let_time_pass(800)

    assert (await desk.tasks.show(task.id, CLAUDE)).mine


async def test_work_of_another_session_does_not_keep_it(desk: TaskDesk) -> None:
    task = await desk.tasks.create(NewTask("Mend the build"), CODEX)
    await desk.tasks.claim(task.id, CLAUDE, session="claude/1")
    await desk.let_time_pass(800)
    await desk.journal.record(CLAUDE, "claude/2", WorkEvent("command", "make"))
    await desk.let_time_pass(800)

    assert (await desk.tasks.show(task.id, CLAUDE)).state == "open"


async def test_who_notes_does_not_wait_and_who_hands_over_does(desk: TaskDesk) -> None:
    task = await desk.tasks.create(NewTask("Mend"), CLAUDE)
    task = await desk.tasks.claim(task.id, CLAUDE, session="claude/1")
    assert task.claim is not None
    await desk.journal.start()
    async with asyncio.timeout(60), desk.database.transaction() as busy:
        await busy.execute(select(TaskRow).where(TaskRow.id == task.id).with_for_update())
        for number in range(3):  # the journal cannot be written now: it belongs to the task
            event = WorkEvent("command", f"make {number}", exit_code=0)
            await desk.journal.note(CLAUDE, "claude/1", event)

    handover = Handover(task.id, token=task.claim.token)
    packet = (await desk.handoffs.create(handover, CLAUDE)).packet
    await desk.journal.close()

    assert [ran.command for ran in packet.commands] == ["make 0", "make 1", "make 2"]


async def test_what_cannot_be_kept_does_not_hold_up_the_rest(desk: TaskDesk) -> None:
    await desk.journal.start()
    await desk.journal.note(CLAUDE, "claude/1", WorkEvent("command", "make"))
    await desk.journal.note(CLAUDE, "no session", WorkEvent("command", "make"))
    await desk.journal.note(CLAUDE, "claude/1", WorkEvent("command", "make test"))
    await desk.journal.settle()
    await desk.journal.close()

    assert await kept(desk) == [("claude/1", "make"), ("claude/1", "make test")]


async def test_what_waits_to_be_kept_has_an_end(desk: TaskDesk) -> None:
    event = WorkEvent("command", "make")
    notes = [desk.journal.note(CLAUDE, "claude/1", event) for _ in range(2000)]  # nobody writes

    with pytest.raises(Unavailable, match="wait to be kept"):
        await asyncio.gather(*notes)
