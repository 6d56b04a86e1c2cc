"""Writes calls into the ledger: in batches, off the path of the calls, with what they spent."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
from orchestra.gateway.cost.entry import COLUMNS, OPEN_COLUMNS, Row, daily
from orchestra.gateway.cost.leases import Move, bury, seen, settle
from orchestra.shared.db import SCHEMA

_DAILY = ("calls", "failed", "cache_hits", "unpriced", "input", "cached", "cache_written")
_SUMS = (*_DAILY, "output", "reasoning", "cost")
_ADD = ", ".join(f"{name} = d.{name} + excluded.{name}" for name in _SUMS)
_UPSERT = (
    f"insert into {SCHEMA}.gateway_daily as d (day, principal, key_id, route, class, provider, model,"  # noqa: S608 - constants
    f" {', '.join(_SUMS)}) values ({', '.join(f'${n}' for n in range(1, 18))})"
    " on conflict (day, principal, key_id, route, class, provider, model) do update"
    f" set {_ADD}"
)
_LOST = (
    f"insert into {SCHEMA}.gateway_ledger ({', '.join(COLUMNS)})"  # noqa: S608 - constants
    " select id, at, principal, key_id, endpoint, asked, task, class, null, null, null, 0,"
    " 0, 0, 0, 0, 0, reserved, 'estimate', null, null, 0, 'lost', 0, null, '{}'"
    f" from {SCHEMA}.gateway_open where process = any($1) on conflict do nothing"
    f" returning {', '.join(COLUMNS)}"
)
_SUMS_KEPT = 400  # days


@dataclass(frozen=True, slots=True)
class Batch:
    """What is written at once, or not at all."""

    rows: Sequence[Row] = ()
    moves: Sequence[Move] = ()
    opened: Sequence[Row] = ()
    """Calls that take long."""
    closed: Sequence[str] = ()
    """Ids of calls that were announced so and are over."""
    tries: int = 0
    again: bool = False
    """Rows of the same ids may be there: of calls that were given up for lost."""


async def write(connection: asyncpg.Connection, process: str, batch: Batch) -> bool:
    """Write a batch in the transaction that is open.

    Returns whether the process was still taken to live; if not, its leases are spent.
    """
    alive = await seen(connection, process)
    if batch.tries and batch.rows and await _stored(connection, str(batch.rows[0][0])):
        return alive  # the commit of an earlier try came through, its answer did not
    if batch.moves:
        await settle(connection, process, batch.moves)
    if batch.again:
        await connection.execute(
            f"delete from {SCHEMA}.gateway_ledger where finish = 'lost' and id = any($1)",  # noqa: S608 - a constant
            [row[0] for row in batch.rows],
        )
    if batch.rows:
        await _copy(connection, "gateway_ledger", COLUMNS, batch.rows)
        await _sum_up(connection, batch.rows)
    if batch.closed:
        await connection.execute(
            f"delete from {SCHEMA}.gateway_open where id = any($1)",  # noqa: S608 - a constant
            list(batch.closed),
        )
    if batch.opened and batch.tries:
        await connection.execute(
            f"delete from {SCHEMA}.gateway_open where id = any($1)",  # noqa: S608 - a constant
            [row[0] for row in batch.opened],
        )
    if batch.opened:
        await _copy(connection, "gateway_open", OPEN_COLUMNS, batch.opened)
    return alive


async def bury_dead(connection: asyncpg.Connection) -> list[str]:
    """Book the calls of processes that died while they made them, and all that these held."""
    gone = await bury(connection)
    if gone:
        rows = await connection.fetch(_LOST, gone)
        await _sum_up(connection, [tuple(row.values()) for row in rows])
        await connection.execute(
            f"delete from {SCHEMA}.gateway_open where process = any($1)",  # noqa: S608 - a constant
            gone,
        )
    return gone


async def leave(connection: asyncpg.Connection, process: str) -> None:
    """The process ends, and has written down all that it spent."""
    await connection.execute(
        f"update {SCHEMA}.gateway_spend s set leased = leased - l.amount"  # noqa: S608 - constants
        f" from {SCHEMA}.gateway_leases l where l.process = $1 and (l.kind, l.subject, l.period,"
        " l.since) = (s.kind, s.subject, s.period, s.since)",
        process,
    )
    for table, column in (("gateway_leases", "process"), ("gateway_processes", "id")):
        await connection.execute(
            f"delete from {SCHEMA}.{table} where {column} = $1",  # noqa: S608 - constants
            process,
        )


async def forget(connection: asyncpg.Connection, days: int) -> None:
    """Remove what is older than it has to be."""
    for table, column, kept in (
        ("gateway_ledger", "at", days),
        ("gateway_steps", "at", days),
        ("gateway_daily", "day", max(days, _SUMS_KEPT)),
    ):
        await connection.execute(
            f"delete from {SCHEMA}.{table} where {column} < now() - make_interval(days => $1)",  # noqa: S608 - constants
            kept,
        )
    await connection.execute(
        f"delete from {SCHEMA}.gateway_spend s where leased = 0 and period <> 'ever'"  # noqa: S608 - a constant
        " and since < now() - make_interval(days => $1)",
        max(days, _SUMS_KEPT),
    )
    await connection.execute(
        f"delete from {SCHEMA}.gateway_spend s where leased = 0 and kind = 'task'"  # noqa: S608 - constants
        f" and not exists (select from {SCHEMA}.gateway_ledger l where l.task = s.subject)"
    )


async def _stored(connection: asyncpg.Connection, call_id: str) -> bool:
    query = f"select true from {SCHEMA}.gateway_ledger where id = $1 and finish <> 'lost'"  # noqa: S608 - a constant
    return await connection.fetchval(query, call_id) is not None


async def _copy(
    connection: asyncpg.Connection, table: str, columns: Sequence[str], rows: Sequence[Row]
) -> None:
    await connection.copy_records_to_table(
        table, schema_name=SCHEMA, columns=columns, records=rows, timeout=30
    )


async def _sum_up(connection: asyncpg.Connection, rows: Sequence[Row]) -> None:
    sums = daily(rows)
    await connection.executemany(_UPSERT, [(*key, *sums[key]) for key in sorted(sums)])
