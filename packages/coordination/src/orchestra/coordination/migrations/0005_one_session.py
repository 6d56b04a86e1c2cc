"""What a session has been told, beside whose it is; `hook_sessions` goes with a later migration."""

import sqlalchemy as sa
from alembic import op
from orchestra.shared.db import SCHEMA
from sqlalchemy.dialects.postgresql import ARRAY

revision = "coordination_0005"
down_revision = "coordination_0004"
branch_labels = None
depends_on = "shared_0001"


def upgrade() -> None:
    """Add the columns: a session that is not known any more is told a little more, once."""
    for column in (
        sa.Column("version", sa.Text, nullable=False, server_default=""),
        sa.Column("prompts", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("edited", ARRAY(sa.Text), nullable=False, server_default="{}"),
    ):
        op.add_column("agent_sessions", column, schema=SCHEMA)


def downgrade() -> None:
    """Drop them."""
    for name in ("version", "prompts", "edited"):
        op.drop_column("agent_sessions", name, schema=SCHEMA)
