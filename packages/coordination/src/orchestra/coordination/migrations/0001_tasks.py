"""Tasks with their claims, hand-offs, sessions of agents, and the journal of what was done."""

import sqlalchemy as sa
from alembic import op
from orchestra.shared.db import SCHEMA
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP

revision = "coordination_0001"
down_revision = None
branch_labels = ("coordination",)
depends_on = "shared_0001"

_time = TIMESTAMP(timezone=True)
_ORDER = ["workspace", "state", "priority", "created_at"]
_WAITING = ["workspace", "state", "created_at"]
_OF_SESSION = ["workspace", "session", "kind", "id"]


def upgrade() -> None:
    """Create the tables of tasks."""
    op.create_table(
        "tasks",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("workspace", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("goal", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("priority", sa.BigInteger, nullable=False),
        sa.Column("paths", ARRAY(sa.Text), nullable=False),
        sa.Column("progress", sa.JSON, nullable=False),
        sa.Column("origin", sa.Text),
        sa.Column("creator_id", sa.Text, nullable=False),
        sa.Column("creator", sa.Text, nullable=False),
        sa.Column("created_at", _time, nullable=False),
        sa.Column("updated_at", _time, nullable=False),
        sa.Column("closed_at", _time),
        sa.Column("result", sa.Text),
        sa.Column("token", sa.BigInteger, nullable=False),
        sa.Column("holder_id", sa.Text),
        sa.Column("holder", sa.Text),
        sa.Column("session", sa.Text),
        sa.Column("claimed_at", _time),
        sa.Column("lease_seconds", sa.BigInteger),
        sa.Column("lease_until", _time),
        sa.Column("left_by", sa.Text),
        sa.Column("handoff_id", sa.Text),
        sa.Column("reserved_for", sa.Text),
        sa.Column("reserved_until", _time),
        sa.CheckConstraint(
            "state in ('open', 'claimed', 'done', 'cancelled')", name="tasks_state_check"
        ),
        sa.CheckConstraint(
            "(state = 'claimed') = (holder_id is not null and lease_until is not null)",
            name="tasks_claim_check",
        ),
        sa.UniqueConstraint("workspace", "origin", name="tasks_workspace_origin_key"),
        schema=SCHEMA,
    )
    op.create_table(
        "handoffs",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("workspace", sa.Text, nullable=False),
        sa.Column("task_id", sa.Text, sa.ForeignKey(f"{SCHEMA}.tasks.id"), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("sender_id", sa.Text, nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("recipient", sa.Text),
        sa.Column("packet", sa.JSON, nullable=False),
        sa.Column("tokens", sa.BigInteger, nullable=False),
        sa.Column("head", sa.Text),
        sa.Column("dirty", ARRAY(sa.Text), nullable=False),
        sa.Column("context_version", sa.Text, nullable=False),
        sa.Column("created_at", _time, nullable=False),
        sa.Column("closed_at", _time),
        sa.Column("closed_by_id", sa.Text),
        sa.Column("closed_by", sa.Text),
        sa.Column("accepted_token", sa.BigInteger),
        sa.CheckConstraint(
            "state in ('waiting', 'accepted', 'withdrawn', 'lapsed')", name="handoffs_state_check"
        ),
        schema=SCHEMA,
    )
    op.create_table(
        "agent_sessions",
        sa.Column("workspace", sa.Text, primary_key=True),
        sa.Column("session", sa.Text, primary_key=True),
        sa.Column("principal_id", sa.Text, nullable=False),
        sa.Column("started_at", _time, nullable=False),
        sa.Column("seen_at", _time, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "journal",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("workspace", sa.Text, nullable=False),
        sa.Column("session", sa.Text, nullable=False),
        sa.Column("task_id", sa.Text, sa.ForeignKey(f"{SCHEMA}.tasks.id")),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("paths", ARRAY(sa.Text), nullable=False),
        sa.Column("exit_code", sa.BigInteger),
        sa.Column("at", _time, nullable=False),
        schema=SCHEMA,
    )
    for name, table, columns in (
        ("tasks_workspace_state_priority_created_at_idx", "tasks", _ORDER),
        ("tasks_holder_id_idx", "tasks", ["holder_id"]),
        ("handoffs_workspace_state_created_at_idx", "handoffs", _WAITING),
        ("handoffs_task_id_idx", "handoffs", ["task_id"]),
        ("agent_sessions_seen_at_idx", "agent_sessions", ["seen_at"]),
        ("journal_workspace_session_kind_id_idx", "journal", _OF_SESSION),
        ("journal_task_id_kind_id_idx", "journal", ["task_id", "kind", "id"]),
    ):
        op.create_index(name, table, columns, schema=SCHEMA)


def downgrade() -> None:
    """Drop them again, and all that they hold."""
    for table in ("journal", "agent_sessions", "handoffs", "tasks"):
        op.drop_table(table, schema=SCHEMA)
