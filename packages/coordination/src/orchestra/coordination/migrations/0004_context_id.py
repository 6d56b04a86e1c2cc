"""What a task belongs to, in the words of an agent from outside."""

import sqlalchemy as sa
from alembic import op
from orchestra.shared.db import SCHEMA

revision = "coordination_0004"
down_revision = "coordination_0003"
branch_labels = None
depends_on = "shared_0001"


def upgrade() -> None:
    """Add the column, and an index for the tasks that changed last."""
    op.add_column("tasks", sa.Column("context_id", sa.Text), schema=SCHEMA)
    op.create_index(
        "tasks_workspace_updated_at_idx", "tasks", ["workspace", "updated_at"], schema=SCHEMA
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_index("tasks_workspace_updated_at_idx", "tasks", schema=SCHEMA)
    op.drop_column("tasks", "context_id", schema=SCHEMA)
