"""The partition of one collection in PostgreSQL: how it is made, filled and filtered."""

from collections.abc import Sequence
from typing import Any

from orchestra.shared.db import SCHEMA
from orchestra.shared.errors import Unavailable
from orchestra.vectors.records import AnyOf, Condition, Range
from orchestra.vectors.tables import CollectionRow, VectorType
from orchestra.vectors.terms import wanted_terms
from sqlalchemy import (
    Column,
    ColumnElement,
    Float,
    Insert,
    MetaData,
    Table,
    Text,
    case,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession


def partition(collection: int) -> Table:
    """The table that holds one collection."""
    columns: list[Column[Any]] = [  # each of another type
        Column("collection", CollectionRow.id.type, primary_key=True),
        Column("id", Text, primary_key=True),
        Column("embedding", VectorType()),
        Column("metadata", JSONB),
        Column("terms", ARRAY(Text)),
    ]
    return Table(f"vectors_{collection}", MetaData(), *columns, schema=SCHEMA)


async def find(session: AsyncSession, namespace: str, dimension: int) -> int | None:
    """The number of a collection, if there is one."""
    chosen = select(CollectionRow.id).filter_by(namespace=namespace, dimension=dimension)
    return (await session.execute(chosen)).scalar_one_or_none()


async def make(session: AsyncSession, namespace: str, dimension: int) -> int:
    """The number of a collection, made now with its partition unless another was quicker."""
    # Who comes second waits here until the first has committed the partition too.
    added = await session.execute(
        insert(CollectionRow)
        .values(namespace=namespace, dimension=dimension)
        .on_conflict_do_nothing()
        .returning(CollectionRow.id)
    )
    made = added.scalar_one_or_none()
    if made is None:
        made = await find(session, namespace, dimension)
        if made is None:
            raise Unavailable(f"the namespace `{namespace}` is being removed", hint="try again")
        return made
    name = partition(made).fullname
    check = f"check (collection = {made} and vector_dims(embedding) = {dimension})"
    for statement in (
        f"create table {name} (like {SCHEMA}.vectors including storage)",
        f"alter table {name} add constraint vectors_{made}_check {check}",
        # Attached, not created in place: that would lock every other collection.
        f"alter table {SCHEMA}.vectors attach partition {name} for values in ({made})",
    ):
        await session.execute(text(statement))
    return made


def upsert_into(table: Table) -> Insert:
    """Insert rows, each in place of the one with its id."""
    rows = insert(table)
    return rows.on_conflict_do_update(
        index_elements=[table.c.collection, table.c.id],
        set_={name: rows.excluded[name] for name in ("embedding", "metadata", "terms")},
    )


def clauses(table: Table, conditions: Sequence[Condition]) -> list[ColumnElement[bool]]:
    """What a row must fulfil to meet the conditions."""
    found: list[ColumnElement[bool]] = []
    for condition in conditions:
        if isinstance(condition, AnyOf):
            terms = literal(wanted_terms(condition), ARRAY(Text))
            found.append(table.c.terms.op("&&", is_comparison=True)(terms))
        elif isinstance(condition, Range):
            found += _bounds(table, condition)
    return found


def _bounds(table: Table, condition: Range) -> list[ColumnElement[bool]]:
    value = table.c.metadata[condition.field]
    number = case((func.jsonb_typeof(value) == "number", value.astext.cast(Float(53))), else_=None)
    bounds: list[ColumnElement[bool]] = [number.is_not(None)]
    if condition.at_least is not None:
        bounds.append(number >= float(condition.at_least))
    if condition.above is not None:
        bounds.append(number > float(condition.above))
    if condition.at_most is not None:
        bounds.append(number <= float(condition.at_most))
    if condition.below is not None:
        bounds.append(number < float(condition.below))
    return bounds
