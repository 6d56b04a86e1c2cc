"""Stored snapshots of the context, and webhooks."""

import sqlalchemy as sa
from alembic import op
from orchestra.shared.db import SCHEMA
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP

revision = "context_0001"
down_revision = None
branch_labels = ("context",)
depends_on = "shared_0001"


def upgrade() -> None:
    """Create the tables of `orchestra.context`."""
    op.create_table(
        "context_snapshots",
        sa.Column("stream", sa.Text, primary_key=True),
        sa.Column("epoch", sa.Uuid, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("topics", ARRAY(sa.Text), nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("epoch", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("failures", sa.BigInteger, nullable=False),
        sa.Column("last_error", sa.Text),
        sa.Column("delivered_at", TIMESTAMP(timezone=True)),
        schema=SCHEMA,
    )


def downgrade() -> None:
    """Drop them again."""
    op.drop_table("webhooks", schema=SCHEMA)
    op.drop_table("context_snapshots", schema=SCHEMA)
