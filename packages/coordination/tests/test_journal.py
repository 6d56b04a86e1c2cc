"""The journal: what agents did, bounded, without secrets, and each session its own principal's."""

import pytest
from orchestra.coordination.tasks import NewTask, WorkEvent
from orchestra.coordination.testing.tasks import TaskDesk, caller
from orchestra.shared.db import SCHEMA
from orchestra.shared.errors import Invalid, NotFound
from sqlalchemy import text

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
