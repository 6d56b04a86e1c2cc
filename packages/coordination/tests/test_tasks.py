"""Tasks: one holder at a time, whoever races, whatever the time; stale tokens write nothing."""

import asyncio
from random import Random

import pytest
from orchestra.coordination.tasks import Handover, NewTask, Progress, Task
from orchestra.coordination.testing.tasks import TaskDesk, caller
from orchestra.shared.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from orchestra.shared.testing.planted_secrets import KINDS, plant

pytestmark = pytest.mark.requirement("agent.handoff")

ADA = caller("ada", "human")
CLAUDE, CODEX = caller("claude"), caller("codex@laptop")


async def claimed(desk: TaskDesk) -> tuple[str, int]:
    task = await desk.tasks.create(NewTask("Mend the build"), ADA)
    return task.id, token_of(await desk.tasks.claim(task.id, CLAUDE))


def token_of(task: Task) -> int:
    assert task.claim is not None
    assert task.claim.token is not None
    return task.claim.token


async def test_of_a_hundred_racing_claimers_exactly_one_wins(desk: TaskDesk) -> None:
    task = await desk.tasks.create(NewTask("Mend the build"), ADA)
    racers = [caller(f"agent-{number}") for number in range(100)]

    answers = await asyncio.gather(
        *(desk.tasks.claim(task.id, racer) for racer in racers), return_exceptions=True
    )

    winners = [answer for answer in answers if isinstance(answer, Task)]
    assert len(winners) == 1
    assert winners[0].mine
    assert all(isinstance(answer, Conflict) for answer in answers if answer is not winners[0])
    assert (await desk.told()).count("task.claimed") == 1


async def test_a_claim_by_its_holder_again_is_the_same_claim(desk: TaskDesk) -> None:
    id, token = await claimed(desk)

    again = await desk.tasks.claim(id, CLAUDE, seconds=3600)

    assert token_of(again) == token
    assert (await desk.told()).count("task.claimed") == 1


async def test_another_session_of_the_holder_does_not_share_its_claim(desk: TaskDesk) -> None:
    task = await desk.tasks.create(NewTask("Mend the build"), ADA)
    await desk.tasks.claim(task.id, CLAUDE, session="claude/one")

    with pytest.raises(Conflict, match="another session of yours"):
        await desk.tasks.claim(task.id, CLAUDE, session="claude/two")


async def test_a_session_of_another_principal_is_unknown(desk: TaskDesk) -> None:
    task = await desk.tasks.create(NewTask("Mend the build"), ADA)
    await desk.tasks.claim(task.id, CLAUDE, session="claude/one")
    other = await desk.tasks.create(NewTask("Write the docs"), ADA)

    with pytest.raises(NotFound, match="no session"):
        await desk.tasks.claim(other.id, CODEX, session="claude/one")


async def test_a_lease_that_is_over_frees_the_task_by_the_time_of_the_database(
    desk: TaskDesk,
) -> None:
    id, token = await claimed(desk)
    await desk.let_time_pass(901)

    seen = await desk.tasks.show(id, CODEX)
    page = await desk.tasks.list(CODEX, ("open",))
    assert (seen.state, seen.claim, seen.left_by) == ("open", None, "claude")
    assert [task.id for task in page.tasks] == [id]
    assert page.counts == {"open": 1, "claimed": 0, "done": 0, "cancelled": 0}

    taken = await desk.tasks.claim(id, CODEX)
    assert token_of(taken) > token


@pytest.mark.requirement("trust.inputs")
async def test_a_stale_token_writes_nothing(desk: TaskDesk) -> None:
    id, token = await claimed(desk)
    await desk.let_time_pass(901)

    async def refused(reason: str) -> None:
        for write in (
            desk.tasks.renew(id, CLAUDE, token=token),
            desk.tasks.update(id, CLAUDE, Progress(next_step="mine"), token=token),
            desk.tasks.release(id, CLAUDE, token=token),
            desk.tasks.complete(id, CLAUDE, token=token),
        ):
            with pytest.raises(Conflict, match=reason):
                await write

    await refused("your lease of .* ended")
    held = await desk.tasks.claim(id, CODEX)
    await refused("is held by codex@laptop until")
    await desk.tasks.release(id, CODEX, token=token_of(held))
    await refused("is stale")
    task = await desk.tasks.show(id, ADA)
    assert (task.state, task.progress) == ("open", Progress())


async def test_an_older_token_of_the_holder_itself_writes_nothing(desk: TaskDesk) -> None:
    id, token = await claimed(desk)
    await desk.let_time_pass(901)
    newer = token_of(await desk.tasks.claim(id, CLAUDE))

    for write in (
        desk.tasks.renew(id, CLAUDE, token=token),
        desk.tasks.update(id, CLAUDE, Progress(next_step="mine"), token=token),
        desk.tasks.release(id, CLAUDE, token=token),
        desk.tasks.complete(id, CLAUDE, token=token),
        desk.handoffs.create(Handover(id, token=token), CLAUDE),
    ):
        with pytest.raises(Conflict, match="you hold .* by a newer one"):
            await write
    assert (await desk.tasks.complete(id, CLAUDE, token=newer)).state == "done"


async def test_a_token_is_of_no_use_to_anybody_but_its_holder(desk: TaskDesk) -> None:
    id, token = await claimed(desk)

    with pytest.raises(Conflict, match="held by claude"):
        await desk.tasks.complete(id, CODEX, token=token)
    seen = await desk.tasks.show(id, CODEX)
    assert seen.claim is not None
    assert (seen.claim.holder, seen.claim.token, seen.mine) == ("claude", None, False)


async def test_a_session_is_shown_to_its_principal_alone(desk: TaskDesk) -> None:
    task = await desk.tasks.create(NewTask("Mend"), ADA)
    held = await desk.tasks.claim(task.id, CLAUDE, session="claude/1")
    seen = await desk.tasks.show(task.id, CODEX)

    assert held.claim is not None
    assert seen.claim is not None
    assert (held.claim.session, seen.claim.session) == ("claude/1", None)


async def test_a_lease_is_renewed_and_work_on_the_task_keeps_it(desk: TaskDesk) -> None:
    id, token = await claimed(desk)
    await desk.let_time_pass(600)
    await desk.tasks.renew(id, CLAUDE, token=token)
    await desk.let_time_pass(600)
    await desk.tasks.update(id, CLAUDE, Progress(in_progress="the linker"), token=token)
    await desk.let_time_pass(600)

    assert (await desk.tasks.show(id, CLAUDE)).mine


async def test_a_lease_that_runs_out_is_told_once(desk: TaskDesk) -> None:
    id, _ = await claimed(desk)
    assert await desk.leases.reoffer() == []
    await desk.let_time_pass(901)

    told = await asyncio.gather(desk.leases.reoffer(), desk.leases.reoffer())

    assert sorted(told) == [[], [id]]
    assert (await desk.told())[-1] == "task.expired"
    assert (await desk.tasks.show(id, CODEX)).left_by == "claude"


async def test_to_complete_twice_by_the_same_token_is_to_complete_once(desk: TaskDesk) -> None:
    id, token = await claimed(desk)

    done = await desk.tasks.complete(id, CLAUDE, token=token, result="it builds")
    again = await desk.tasks.complete(id, CLAUDE, token=token, result="it builds")

    assert (done.state, done.result, done.closed_by) == ("done", "it builds", "claude")
    assert again == done
    assert (await desk.told()).count("task.done") == 1
    with pytest.raises(Conflict, match="is done"):
        await desk.tasks.claim(id, CODEX)


async def test_a_task_is_cancelled_by_its_owner_or_a_person_and_its_token_dies(
    desk: TaskDesk,
) -> None:
    id, token = await claimed(desk)
    with pytest.raises(Forbidden, match="is claude's"):
        await desk.tasks.cancel(id, CODEX)

    await desk.tasks.cancel(id, ADA, reason="no longer wanted")

    with pytest.raises(Conflict, match="is cancelled"):
        await desk.tasks.complete(id, CLAUDE, token=token)


async def test_what_was_done_gathers_and_what_comes_next_is_replaced(desk: TaskDesk) -> None:
    id, token = await claimed(desk)
    first = Progress(done=("a",), next_step="b", failed_approaches=("x",))
    second = Progress(done=("b",), next_step="c")

    await desk.tasks.update(id, CLAUDE, first, token=token)
    await desk.tasks.update(id, CLAUDE, second, token=token)
    task = await desk.tasks.update(id, CLAUDE, second, token=token)

    assert task.progress == Progress(done=("a", "b"), next_step="c", failed_approaches=("x",))


async def test_the_same_key_makes_the_same_task(desk: TaskDesk) -> None:
    drafts = [desk.tasks.create(NewTask("Mend the build", key="k1"), ADA) for _ in range(5)]
    ids = {task.id for task in await asyncio.gather(*drafts)}

    assert len(ids) == 1
    assert (await desk.tasks.create(NewTask("Other", key="k1"), CODEX)).id not in ids


async def test_tasks_are_listed_by_priority_then_age_page_by_page(desk: TaskDesk) -> None:
    made = [await desk.tasks.create(NewTask(f"T{p}", priority=p), ADA) for p in (3, 0, 2, 0)]

    first = await desk.tasks.list(CODEX, limit=3)
    rest = await desk.tasks.list(CODEX, limit=3, after=first.after)

    order = [task.id for task in (*first.tasks, *rest.tasks)]
    assert order == [made[n].id for n in (1, 3, 2, 0)]
    assert rest.after is None


@pytest.mark.requirement("trust.inputs")
@pytest.mark.parametrize(
    ("draft", "error", "said"),
    [
        (NewTask(" \u200b "), Invalid, "says nothing"),
        (NewTask("x" * 201), TooLarge, "201"),
        (NewTask("x", goal="y" * 4001), TooLarge, "4001"),
        (NewTask("x", priority=5), Invalid, "priority"),
        (NewTask("x", paths=["../etc"]), Invalid, "within the repository"),
        (NewTask("x", key="a b"), Invalid, "key"),
    ],
)
async def test_what_is_no_task_is_refused_with_the_way_out(
    desk: TaskDesk, draft: NewTask, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said) as caught:
        await desk.tasks.create(draft, ADA)

    assert "hint:" in str(caught.value)


async def test_no_secret_is_kept_not_even_one_that_hides(desk: TaskDesk) -> None:
    for kind in KINDS:
        text, secret = plant(kind, Random(kind))
        hidden = "\u200b".join(text)
        task = await desk.tasks.create(NewTask("x", goal=f"{text}\n{hidden}"), ADA)
        assert secret not in task.goal


async def test_what_was_closed_long_ago_is_forgotten(desk: TaskDesk) -> None:
    id, token = await claimed(desk)
    await desk.tasks.complete(id, CLAUDE, token=token)
    await desk.leases.sweep()
    assert (await desk.tasks.show(id, ADA)).state == "done"

    await desk.age(days=91)
    await desk.leases.sweep()

    with pytest.raises(NotFound):
        await desk.tasks.show(id, ADA)
