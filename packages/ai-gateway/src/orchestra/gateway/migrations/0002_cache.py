"""Kept answers, and the checks that decide when a near one may serve."""

import sqlalchemy as sa
from alembic import op
from orchestra.shared.db import SCHEMA
from sqlalchemy.dialects.postgresql import JSON, TIMESTAMP

revision = "gateway_0002"
down_revision = "gateway_0001"
branch_labels = None
depends_on = None

_time = TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Create the tables of the cache."""
    op.create_table(
        "gateway_answers",
        sa.Column("key", sa.LargeBinary, primary_key=True),
        sa.Column("scope", sa.LargeBinary, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("prompt", "tenant")),
        sa.Column("commit", sa.Text),
        sa.Column("endpoint", sa.Text, nullable=False),
        sa.Column("stream", sa.Boolean, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("provider", "model")),
        sa.Column("usage", JSON, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", _time, nullable=False),
        schema=SCHEMA,
    )
    for column in ("expires_at", "tenant"):
        name = f"gateway_answers_{column}_idx"
        op.create_index(name, "gateway_answers", [column], schema=SCHEMA)
    epoch = op.create_table(
        "gateway_cache_epoch",
        sa.Column("epoch", sa.BigInteger, primary_key=True, autoincrement=False),
        schema=SCHEMA,
    )
    op.bulk_insert(epoch, [{"epoch": 0}])
    op.create_table(
        "gateway_cache_families",
        sa.Column("family", sa.LargeBinary, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "gateway_cache_checks",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("family", sa.LargeBinary, nullable=False),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("is_right", sa.Boolean, nullable=False),
        sa.Column("at", _time, nullable=False),
        schema=SCHEMA,
    )
    name = "gateway_cache_checks_family_id_idx"
    op.create_index(name, "gateway_cache_checks", ["family", "id"], schema=SCHEMA)


def downgrade() -> None:
    """Drop them."""
    for table in ("cache_checks", "cache_families", "cache_epoch", "answers"):
        op.drop_table(f"gateway_{table}", schema=SCHEMA)
