"""What each session of an agent has been told."""

import sqlalchemy as sa
from alembic import op
from orchestra.shared.db import SCHEMA
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP

revision = "coordination_0003"
down_revision = "coordination_0002"
branch_labels = None
depends_on = "shared_0001"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "hook_sessions",
        sa.Column("workspace", sa.Text, primary_key=True),
        sa.Column("session", sa.Text, primary_key=True),
        sa.Column("principal_id", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("prompts", sa.BigInteger, nullable=False),
        sa.Column("edited", ARRAY(sa.Text), nullable=False),
        sa.Column("seen_at", TIMESTAMP(timezone=True), nullable=False),
        schema=SCHEMA,
    )
    op.create_index("hook_sessions_seen_at_idx", "hook_sessions", ["seen_at"], schema=SCHEMA)


def downgrade() -> None:
    """Drop it."""
    op.drop_table("hook_sessions", schema=SCHEMA)
