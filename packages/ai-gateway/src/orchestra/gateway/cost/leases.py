"""Parts of budgets that processes hold, so that together they never hold more than there is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg
from orchestra.gateway.cost.budget import Counter
from orchestra.shared.db import SCHEMA

DEAD = 60
"""Seconds after which a process that was not seen is taken to be gone."""

_OF = "kind = $1 and subject = $2 and period = $3 and since = $4"


@dataclass(frozen=True, slots=True)
class Grant:
    """What the database gave, and how the budget stood before."""

    granted: int
    spent: int
    leased: int


@dataclass(frozen=True, slots=True)
class Move:
    """What a process has spent of a budget since it last said, and what it gives back."""

    counter: Counter
    spent: int
    released: int


def _key(counter: Counter) -> tuple[object, ...]:
    return counter.kind, counter.subject, counter.period, counter.since


async def lease(
    connection: asyncpg.Connection,
    process: str,
    counter: Counter,
    *,
    limit: int,
    need: int,
    want: int,
) -> Grant:
    """Lease `need` at least, and `want` where a quarter of what is free allows it; or nothing."""
    row = await _locked(connection, counter)
    free = limit - row["spent"] - row["leased"]
    granted = max(need, min(want, free // 4)) if free >= need else 0
    if granted:
        await connection.execute(
            f"update {SCHEMA}.gateway_spend set leased = leased + $5 where {_OF}",  # noqa: S608 - constants
            *_key(counter),
            granted,
        )
        await connection.execute(
            f"insert into {SCHEMA}.gateway_leases as l values ($6, $1, $2, $3, $4, $5)"  # noqa: S608 - a constant
            " on conflict (process, kind, subject, period, since) do update"
            " set amount = l.amount + excluded.amount",
            *_key(counter),
            granted,
            process,
        )
    return Grant(granted, row["spent"], row["leased"])


async def _locked(connection: asyncpg.Connection, counter: Counter) -> asyncpg.Record:
    query = f"select spent, leased from {SCHEMA}.gateway_spend where {_OF} for update"  # noqa: S608 - constants
    row = await connection.fetchrow(query, *_key(counter))
    if row is None:
        spent = await spent_so_far(connection, counter)
        await connection.execute(
            f"insert into {SCHEMA}.gateway_spend values ($1, $2, $3, $4, $5, 0)"  # noqa: S608 - a constant
            " on conflict do nothing",
            *_key(counter),
            spent,
        )
        row = await connection.fetchrow(query, *_key(counter))
    return row


async def spent_so_far(connection: asyncpg.Connection, counter: Counter) -> int:
    """What the ledger has of a subject, for a budget that begins to count in mid-period."""
    column = {"agent": "principal", "key": "key_id", "task": "task"}.get(counter.kind)
    of = f" and {column} = $2" if column else ""
    if counter.kind == "task":
        table, since = "gateway_ledger", "at >= $1"
        first: object = datetime.combine(counter.since, datetime.min.time(), UTC)
    else:
        table, since, first = "gateway_daily", "day >= $1", counter.since
    query = f"select coalesce(sum(cost), 0)::bigint from {SCHEMA}.{table} where {since}{of}"  # noqa: S608 - constants
    return int(await connection.fetchval(query, first, *([counter.subject] if column else [])))


async def seen(connection: asyncpg.Connection, process: str) -> bool:
    """Say that a process lives; False if it was taken to be dead meanwhile, and its leases spent."""
    updated = await connection.execute(
        f"update {SCHEMA}.gateway_processes set seen_at = now() where id = $1",  # noqa: S608 - a constant
        process,
    )
    if updated != "UPDATE 0":
        return True
    await connection.execute(
        f"insert into {SCHEMA}.gateway_processes values ($1, now()) on conflict do nothing",  # noqa: S608 - a constant
        process,
    )
    return False


async def settle(connection: asyncpg.Connection, process: str, moves: Sequence[Move]) -> None:
    """Write down what was spent, and take it and what is given back off the leases."""
    ordered = sorted(moves, key=lambda move: move.counter)
    keys = [_key(move.counter) for move in ordered]
    for move in ordered:
        await _locked(connection, move.counter)
    held = await _held(connection, process)
    taken = [min(held.get(m.counter, 0), m.spent + m.released) for m in ordered]
    await connection.executemany(
        f"update {SCHEMA}.gateway_spend set spent = spent + $5, leased = leased - $6 where {_OF}",  # noqa: S608 - constants
        [(*key, m.spent, t) for key, m, t in zip(keys, ordered, taken, strict=True)],
    )
    await connection.executemany(
        f"update {SCHEMA}.gateway_leases set amount = amount - $5 where {_OF} and process = $6",  # noqa: S608 - constants
        [(*key, t, process) for key, t in zip(keys, taken, strict=True)],
    )


async def _held(connection: asyncpg.Connection, process: str) -> Mapping[Counter, int]:
    rows = await connection.fetch(
        f"select kind, subject, period, since, amount from {SCHEMA}.gateway_leases"  # noqa: S608 - a constant
        " where process = $1 for update",
        process,
    )
    return {
        Counter(row["kind"], row["subject"], row["period"], row["since"]): row["amount"]
        for row in rows
    }


async def bury(connection: asyncpg.Connection) -> list[str]:
    """Book what dead processes held as spent: they cannot say any more how much of it they spent."""
    dead = await connection.fetch(
        f"delete from {SCHEMA}.gateway_processes where id in (select id"  # noqa: S608 - a constant
        f" from {SCHEMA}.gateway_processes where seen_at < now() - make_interval(secs => $1)"
        " for update skip locked) returning id",
        DEAD,
    )
    gone = [row["id"] for row in dead]
    if not gone:
        return []
    leases = await connection.fetch(
        f"select kind, subject, period, since, sum(amount)::bigint as amount"  # noqa: S608 - a constant
        f" from {SCHEMA}.gateway_leases where process = any($1) group by 1, 2, 3, 4 order by 1, 2, 3, 4",
        gone,
    )
    await connection.executemany(
        f"update {SCHEMA}.gateway_spend set spent = spent + $5, leased = leased - $5 where {_OF}",  # noqa: S608 - constants
        [tuple(row.values()) for row in leases],
    )
    await connection.execute(
        f"delete from {SCHEMA}.gateway_leases where process = any($1)",  # noqa: S608 - a constant
        gone,
    )
    return gone
