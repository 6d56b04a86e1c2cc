"""Vectors by collection: each has a partition of its own, made when its first record comes."""

import sqlalchemy as sa
from alembic import op
from orchestra.shared.db import SCHEMA

revision = "vectors_0001"
down_revision = None
branch_labels = ("vectors",)
depends_on = "shared_0001"


def upgrade() -> None:
    """Create the tables of `orchestra.vectors`."""
    op.execute("create extension if not exists vector")
    op.create_table(
        "vector_collections",
        sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
        sa.Column("namespace", sa.Text, nullable=False),
        sa.Column("dimension", sa.Integer, nullable=False),
        sa.UniqueConstraint(
            "namespace", "dimension", name="vector_collections_namespace_dimension_key"
        ),
        schema=SCHEMA,
    )
    op.execute(
        f"""
        create table {SCHEMA}.vectors (
            collection integer not null,
            id text collate "C" not null,
            embedding vector not null,
            metadata jsonb not null,
            terms text[] not null,
            constraint vectors_pkey primary key (collection, id)
        ) partition by list (collection)
        """
    )
    # In the row, not beside it: an exact search reads every vector.
    op.execute(f"alter table {SCHEMA}.vectors alter column embedding set storage main")
    op.execute(f"create index vectors_terms_idx on {SCHEMA}.vectors using gin (terms)")


def downgrade() -> None:
    """Drop them again."""
    op.drop_table("vectors", schema=SCHEMA)
    op.drop_table("vector_collections", schema=SCHEMA)
