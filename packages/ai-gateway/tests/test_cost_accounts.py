"""Budgets hold, whoever spends: in one process, in several, and when one of them dies."""

import asyncio
import contextlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs
from orchestra.gateway.calls import Attempt, Outcome, Reservation, Usage
from orchestra.gateway.cost import book
from orchestra.gateway.cost.entry import Booking
from orchestra.gateway.cost.errors import BudgetHeld, BudgetSpent, RateLimited
from orchestra.gateway.cost.leases import Grant
from orchestra.gateway.cost.meter import Meter
from orchestra.gateway.cost.money import nano
from orchestra.gateway.cost.tables import DailyRow, LeaseRow, LedgerRow, OpenRow, SpendRow
from orchestra.gateway.routing.target import Target
from orchestra.gateway.testing.accounts import PLAN, call, caller, outcome, process
from orchestra.shared.db import SCHEMA, Database
from orchestra.shared.errors import Unavailable
from sqlalchemy import func, select


async def all_of(database: Database, table: type[Any]) -> list[Any]:
    async with database.transaction() as session:
        return list((await session.scalars(select(table))).all())


async def ledger_sum(database: Database) -> int:
    async with database.transaction() as session:
        return int(await session.scalar(select(func.coalesce(func.sum(LedgerRow.cost), 0))) or 0)


def grow_old(reservation: Reservation) -> None:
    """The call has been under way for a while."""
    assert isinstance(reservation, Booking)
    assert reservation.at is not None
    reservation.at -= timedelta(seconds=1)


async def let_die(database: Database) -> list[str]:
    """What another process does a minute after one was killed."""
    connection = await database.connect()
    try:
        await connection.execute(
            f"update {SCHEMA}.gateway_processes set seen_at = seen_at - interval '2 minutes'"
        )
        async with connection.transaction():
            return await book.bury_dead(connection)
    finally:
        await connection.close()


@pytest.mark.requirement("gw.cost")
async def test_fifty_callers_at_once_stay_within_the_budget(database: Database) -> None:
    async with process(database, budgets={"agents": {"codex": "0.10/day"}}) as p:
        refused: list[Exception] = []

        async def spend() -> None:
            for _ in range(20):
                one = call(1000)
                try:
                    reservation = await p.accounts.reserve(one, PLAN)
                except (BudgetSpent, BudgetHeld) as error:
                    refused.append(error)
                    return
                await asyncio.sleep(0)
                p.accounts.settle(reservation, one, outcome(990))

        await asyncio.gather(*(spend() for _ in range(50)))
        await p.accounts.ledger.flush()

        total = await ledger_sum(database)
        assert refused
        assert nano("0.10") - 1000 * 1000 - 1000 <= total <= nano("0.10")
        (spend_row,) = await all_of(database, SpendRow)
        assert spend_row.spent == total
        assert (
            spend_row.leased,
            p.accounts.ledger.meters[next(iter(p.accounts.ledger.meters))].held,
        ) == (
            spend_row.leased,
            0,
        )


async def test_several_processes_hold_one_budget_together(database: Database) -> None:
    budgets = {"system": "0.05/day"}
    async with process(database, budgets=budgets) as a, process(database, budgets=budgets) as b:
        made = 0
        for turn in range(200):
            try:
                await (a, b)[turn % 2].make(1000, 900)
                made += 1
            except (BudgetSpent, BudgetHeld):
                for p in (a, b):  # who is quiet gives back what it does not need
                    p.clock.now += 5
                    await p.accounts.ledger.flush()
        for p in (a, b):
            await p.accounts.ledger.flush()
        total = await ledger_sum(database)

    assert made * 900 * 1000 == total
    assert nano("0.05") - 2 * 1001 * 1000 <= total <= nano("0.05")
    (row,) = await all_of(database, SpendRow)
    assert (row.spent, row.leased) == (total, 0)
    assert await all_of(database, LeaseRow) == []


async def test_a_refusal_says_which_budget_what_is_left_and_when_there_is_more(
    database: Database,
) -> None:
    async with process(database, budgets={"keys": {"*": "0.002/day"}}) as p:
        await p.make(1000, 1000)
        with pytest.raises(BudgetSpent) as refusal:
            await p.make(1_000_000)

        said = str(refusal.value)
        assert "the budget of the key `key1` for the day is $0.00200" in said
        assert "$0.00100 of it is left, and this call could cost up to $1.00" in said
        assert "UTC" in said
        assert "orchestra gateway budget set key key1 AMOUNT/day" in said
        assert 0 < (refusal.value.retry_after or 0) <= 86_400

        one = call(900)
        await p.accounts.reserve(one, PLAN)
        with pytest.raises(BudgetHeld, match="while other calls are under way") as wait:
            await p.make(900)
        assert wait.value.retry_after == 1


@pytest.mark.parametrize(
    ("kind", "name", "other"),
    [
        ("agents", "codex", {"caller": caller("claude", "key2")}),
        ("keys", "key1", {"caller": caller("codex", "key2")}),
        ("tasks", "tsk_1", {"task": "tsk_2"}),
    ],
)
async def test_a_budget_is_of_those_whom_it_names(
    database: Database, kind: str, name: str, other: dict[str, Any]
) -> None:
    async with process(database, budgets={kind: {name: "0.001"}}) as p:
        await p.make(999, 999, task="tsk_1")
        with pytest.raises(BudgetSpent):
            await p.make(999, 999, task="tsk_1")
        await p.make(999, 999, **{"task": "tsk_1"} | other)


async def test_agents_that_call_agents_spend_of_one_system(database: Database) -> None:
    async with process(database, budgets={"system": "0.01/day", "agents": {"*": "1/day"}}) as p:
        for number in range(9):
            await p.make(1000, 1000, caller=caller(f"child{number}", f"key{number}"))
        with pytest.raises(BudgetSpent):
            await p.make(1000, 1000, caller=caller("child9", "key9"))


async def test_the_worst_case_is_of_the_dearest_target_and_of_every_answer_asked_for(
    database: Database,
) -> None:
    async with process(database, budgets={"system": "1/day"}) as p:
        one = call(1000, choices=7)
        reservation = await p.accounts.reserve(one, (*PLAN, Target("up", "dear")))
        assert reservation.nano == (1 + 7000) * 10 * 1000
        p.accounts.settle(reservation, one, outcome(0))
        unlimited = structs.replace(call(0), max_tokens=None)
        reservation = await p.accounts.reserve(unlimited, PLAN)
        assert reservation.nano == (1 + 16_384) * 1000
        with pytest.raises(BudgetSpent):
            await p.accounts.reserve(call(10_000_000), PLAN)


async def test_a_storm_of_refused_calls_asks_the_database_once_in_a_while(
    database: Database,
) -> None:
    async with process(database, budgets={"system": "0.001/day"}) as p:
        await p.make(999, 999)
        asked = 0
        lease = p.accounts.ledger.lease

        async def counted(meter: Meter, amount: int) -> Grant:
            nonlocal asked
            asked += 1
            return await lease(meter, amount)

        p.accounts.ledger.lease = counted  # type: ignore[method-assign]  # to count, not to replace

        async def storm() -> None:
            for _ in range(40):
                with pytest.raises(BudgetSpent):
                    await p.make(999)

        await asyncio.gather(*(storm() for _ in range(25)))
        assert asked == 1


async def test_what_a_killed_process_held_is_spent_and_its_calls_are_in_the_ledger(
    database: Database,
) -> None:
    budgets = {"system": "1/day"}
    async with process(database, budgets=budgets, dies=True) as p:
        await p.make(1000, 500)
        long = call(3000, task="tsk_9")
        grow_old(await p.accounts.reserve(long, PLAN))
        await p.accounts.ledger.flush()
        await p.make(1000, 700)  # over, and not written when the process is killed
    (row,) = await all_of(database, OpenRow)
    assert (row.id, row.task) == (long.id, "tsk_9")

    async with process(database, budgets=budgets) as q:
        assert len(await let_die(database)) >= 1
        (spend_row,) = await all_of(database, SpendRow)
        truly = (500 + 700 + 3000) * 1000
        assert truly <= spend_row.spent <= nano(1) // 50 + truly  # no more than a slice too much
        assert spend_row.leased == 0
        rows = {row.id: row for row in await all_of(database, LedgerRow)}
        assert (rows[long.id].finish, rows[long.id].source) == ("lost", "estimate")
        assert rows[long.id].cost == 3001 * 1000
        assert await all_of(database, OpenRow) == []
        await q.make(1000, 1)


async def test_a_process_that_was_given_up_too_early_books_its_calls_all_the_same(
    database: Database,
) -> None:
    async with process(database, budgets={"system": "1/day"}) as p:
        one = call(1000)
        reservation = await p.accounts.reserve(one, PLAN)
        grow_old(reservation)
        await p.accounts.ledger.flush()
        await let_die(database)
        p.accounts.settle(reservation, one, outcome(600))
        await p.accounts.ledger.flush()

        (row,) = await all_of(database, LedgerRow)
        assert (row.finish, row.cost) == ("stop", 600_000)
        (spend_row,) = await all_of(database, SpendRow)
        assert spend_row.spent >= 600_000
        await p.make(1000)


async def test_an_unknown_price_is_told_and_never_nothing(database: Database) -> None:
    async with process(database, budgets={"system": "1/day"}) as p:
        one = call(1000)
        reservation = await p.accounts.reserve(one, (Target("up", "new"),))
        cost = p.accounts.settle(reservation, one, outcome(1000, model="new"))
        await p.accounts.ledger.flush()

        assert (cost.nano, cost.source) == (None, "unknown")
        assert p.alarms == [("up", "new")]
        (row,) = await all_of(database, LedgerRow)
        assert (row.cost, row.source) == (None, "unknown")
        (spend_row,) = await all_of(database, SpendRow)
        assert spend_row.spent == 1000 * 75_000  # what is assumed
        (day,) = await all_of(database, DailyRow)
        assert (day.calls, day.unpriced, day.cost) == (1, 1, 0)


@pytest.mark.parametrize(
    ("ended", "nanos", "source"),
    [
        (outcome(usage=Usage(10, output=10, cost=123)), 123, "provider"),
        (outcome(usage=Usage(10, output=10)), 20_000, "table"),
        (outcome(cache="exact"), 0, "cache"),
        (outcome(provider=None, model=None, status=503, usage=None, finish="error"), 0, "estimate"),
        (outcome(usage=None, finish="cancelled", received=1600), 101_000, "estimate"),
        (outcome(usage=Usage(7, output=1), finish="cancelled", received=1600), 107_000, "estimate"),
        (outcome(usage=None, finish="cancelled", received=10**9), 1_001_000, "estimate"),
        (
            outcome(10, attempts=(Attempt("up", "dear", 200, "cut", 1.0, Usage(output=5)),)),
            60_000,
            "table",
        ),
    ],
)
async def test_who_says_what_a_call_cost(
    database: Database, ended: Outcome, nanos: int, source: str
) -> None:
    async with process(database) as p:
        one = call(1000, stream=True)
        cost = p.accounts.settle(await p.accounts.reserve(one, PLAN), one, ended)
        assert (cost.nano, cost.source) == (nanos, source)


async def test_limits_are_of_each_key(database: Database) -> None:
    limits = {
        "requests_per_minute": 3,
        "keys": {"busy": {"tokens_per_minute": 100}, "deep": {"at_once": 1}},
    }
    async with process(database, limits=limits) as p:
        for _ in range(3):
            await p.make()
        with pytest.raises(RateLimited, match="more than 3 calls per minute") as refusal:
            await p.make()
        assert refusal.value.retry_after == 20
        p.clock.now += 20
        await p.make()

        busy = caller("busy", "key2")
        await p.make(1000, 400, caller=busy)
        with pytest.raises(RateLimited, match="100 tokens per minute"):
            await p.make(caller=busy)

        one = call(caller=caller("deep", "key3"))
        reservation = await p.accounts.reserve(one, PLAN)
        with pytest.raises(RateLimited, match="no more are allowed at once"):
            await p.make(caller=caller("deep", "key3"))
        p.accounts.settle(reservation, one, outcome())
        await p.make(caller=caller("deep", "key3"))


async def test_no_call_is_made_that_cannot_be_booked(database: Database) -> None:
    async with process(database, ledger={"queue": 100}) as p:
        for _ in range(100):
            await p.make()
        with pytest.raises(Unavailable, match="wait to be written"):
            await p.make()
        await p.accounts.ledger.flush()
        await p.make()
        await p.accounts.ledger.flush()
        assert len(await all_of(database, LedgerRow)) == 101


async def test_a_budget_set_in_mid_period_counts_what_was_spent_before(database: Database) -> None:
    async with process(database) as p:
        await p.make(1000, 1000, task="tsk_1")
        await p.accounts.ledger.flush()
    async with process(database, budgets={"tasks": {"*": "0.0015"}, "agents": {"*": "1/day"}}) as p:
        with pytest.raises(BudgetSpent, match=r"\$0.000500 of it is left"):
            await p.make(1000, 1000, task="tsk_1")
        await p.make(1000, 1000, task="tsk_2")
        await p.accounts.ledger.flush()
    spent = {row.subject: row.spent for row in await all_of(database, SpendRow)}
    assert spent == {"tsk_1": 1_000_000, "tsk_2": 1_000_000, "codex": 2_000_000}


async def test_names_and_numbers_from_outside_do_not_stop_the_ledger(database: Database) -> None:
    async with process(database) as p:
        odd = call(task="a\0b" + "x" * 5000, task_class="\ud800")
        odd = structs.replace(odd, model="m" * 10_000)
        reservation = await p.accounts.reserve(odd, PLAN)
        p.accounts.settle(reservation, odd, outcome(usage=Usage(10**30, -5, output=10**40)))
        await p.accounts.ledger.flush()
        (row,) = await all_of(database, LedgerRow)
        assert len(row.asked) == 200
        assert (row.input, row.cached, row.cost) == (10**15, 0, 10**15)


async def test_a_lost_connection_loses_no_call_and_books_none_twice(database: Database) -> None:
    async with process(database, budgets={"system": "1/day"}) as p:
        await p.make(1000, 500)
        await p.accounts.ledger.flush()
        await p.make(1000, 700)
        connection = await database.connect()
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        await connection.close()
        with contextlib.suppress(Unavailable):  # unless the driver had seen it before
            await p.accounts.ledger.flush()
        await p.make(1000, 300)
        await p.accounts.ledger.flush()

        assert sorted(row.cost for row in await all_of(database, LedgerRow)) == [
            300_000,
            500_000,
            700_000,
        ]
        (spend_row,) = await all_of(database, SpendRow)
        assert spend_row.spent == 1_500_000


async def test_a_batch_whose_commit_was_not_answered_is_not_booked_again(
    database: Database,
) -> None:
    async with process(database, budgets={"system": "1/day"}) as p:
        await p.make(1000, 500)
        ledger = p.accounts.ledger
        batch = ledger._next()
        assert batch is not None
        connection = await database.connect()
        async with connection.transaction():
            await book.write(connection, ledger.process, batch)
        await connection.close()
        ledger._failed = replace(batch, tries=1)  # as after a connection lost in the commit
        await ledger.flush()

        (row,) = await all_of(database, LedgerRow)
        (spend_row,) = await all_of(database, SpendRow)
        (day,) = await all_of(database, DailyRow)
        assert (row.cost, spend_row.spent, day.cost) == (500_000, 500_000, 500_000)
