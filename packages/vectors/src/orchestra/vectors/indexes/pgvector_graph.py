"""The HNSW graph of one collection in PostgreSQL: whether it pays, how it is built and asked."""

from collections.abc import Mapping

import structlog
from orchestra.shared.db import Database
from orchestra.vectors.checks import Floats
from orchestra.vectors.tables import VectorType
from sqlalchemy import ColumnElement, Float, Subquery, Table, bindparam, cast, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

_WIDER = 4  # how many times more than asked for the graph finds, to be ranked again
_LEAST_EFFORT, _MOST_EFFORT = 100, 1_000  # hnsw.ef_search
_MEMORY = "256MB"  # for building
_LONGEST = 3600.0  # seconds of building

_PLANS = ("enable_seqscan", "enable_bitmapscan")
_LOOK = dict.fromkeys(_PLANS, "off") | {
    "hnsw.iterative_scan": "relaxed_order",
    "hnsw.max_scan_tuples": "50000",
}

logger = structlog.get_logger(__name__)


class Graph:
    """Of half-precision vectors: half the memory, and the full ones decide the order."""

    def __init__(self, table: Table, dimension: int, exact_below: int) -> None:
        self.table = table
        self.name = f"{table.name}_graph"
        self._exact_below = exact_below
        self._half = VectorType("halfvec", dimension)

    async def pays(self, session: AsyncSession, clauses: list[ColumnElement[bool]]) -> bool:
        """Whether it is there, and more rows are in question than are quickly compared one by one."""
        if not await self.is_there(session):
            return False
        return not clauses or await self.outgrown(session, clauses)

    async def is_there(self, session: AsyncSession) -> bool:
        """Whether it is built, and whole."""
        valid = text("select indisvalid from pg_index where indexrelid = to_regclass(:name)")
        found = await session.execute(valid, {"name": f"{self.table.schema}.{self.name}"})
        return found.scalar_one_or_none() is True

    async def outgrown(self, session: AsyncSession, clauses: list[ColumnElement[bool]]) -> bool:
        """Whether more rows meet the clauses than are quickly compared one by one."""
        some = select(self.table.c.id).where(*clauses).limit(self._exact_below + 1).subquery()
        rows = (await session.execute(select(func.count()).select_from(some))).scalar_one()
        return rows > self._exact_below

    async def near(
        self,
        session: AsyncSession,
        clauses: list[ColumnElement[bool]],
        query: Floats,
        limit: int,
    ) -> Subquery:
        """Rows that meet the clauses, near to `query`; the scan goes on until there are enough."""
        wide = limit * _WIDER
        effort = min(max(_LEAST_EFFORT, wide), _MOST_EFFORT)
        await _set(session, _LOOK | {"hnsw.ef_search": str(effort)})
        half = cast(self.table.c.embedding, self._half)
        asked = cast(bindparam("half", query, self._half), self._half)
        order = half.op("<=>", return_type=Float)(asked)
        rows = select(self.table).where(*clauses).order_by(order).limit(wide)
        return rows.subquery()

    async def leave(self, session: AsyncSession) -> None:
        """Let the rest of the transaction do without it."""
        await _set(session, dict.fromkeys(_PLANS, "on"))

    async def build(self, database: Database) -> None:
        """Build it beside the work that goes on; what another process began is left to it.

        PostgreSQL builds without stopping writers only outside a transaction, so this is the one
        statement that does not go through `Database.transaction`.
        """
        schema = self.table.schema
        connection = await database.connect()
        try:
            alone = "select pg_try_advisory_lock(hashtextextended($1, 0))"
            if not await connection.fetchval(alone, f"{schema}.{self.name}"):
                return
            valid = "select indisvalid from pg_index where indexrelid = to_regclass($1)"
            if await connection.fetchval(valid, f"{schema}.{self.name}"):
                return
            logger.info("building a graph of vectors", table=self.table.name)
            await connection.execute(
                f"set maintenance_work_mem = '{_MEMORY}'; set lock_timeout = 0"
            )
            create = (
                f"create index concurrently {self.name} on {self.table.fullname} using hnsw"
                f" ((embedding::{self._half.get_col_spec()}) halfvec_cosine_ops)"
            )
            remove = f"drop index concurrently if exists {schema}.{self.name}"  # one half built
            for statement in (remove, create, f"analyze {self.table.fullname}"):
                await connection.execute(statement, timeout=_LONGEST)
        finally:
            await connection.close()


async def _set(session: AsyncSession, values: Mapping[str, str]) -> None:
    """Settings of PostgreSQL, until the transaction ends."""
    for name, value in values.items():
        await session.execute(select(func.set_config(name, value, True)))
