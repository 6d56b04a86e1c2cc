"""Requests for approval, tainted sessions, approved specs; the audit can only grow."""

import sqlalchemy as sa
from alembic import op
from orchestra.shared.db import SCHEMA
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP

revision = "coordination_0002"
down_revision = "coordination_0001"
branch_labels = None
depends_on = "shared_0001"

_time = TIMESTAMP(timezone=True)
_REFUSE = f"""
create function {SCHEMA}.audit_only_grows() returns trigger language plpgsql as $$
begin
  raise exception 'the stream audit can only grow: % on % is refused', tg_op, tg_table_name
    using errcode = 'insufficient_privilege';
end $$
"""
_BACKWARDS = " or ".join(
    ["new.seq < old.seq"]
    + [f"new.{name} <> old.{name}" for name in ("stream", "epoch", "floor_seq", "floor_hash")]
)
_TRIGGERS = {
    "events_audit_rows": (
        "events",
        "before update or delete on {table} for each row when (old.stream = 'audit')",
    ),
    "events_audit_truncate": ("events", "before truncate on {table} for each statement"),
    "streams_audit_delete": (
        "streams",
        "before delete on {table} for each row when (old.stream = 'audit')",
    ),
    "streams_audit_update": (
        "streams",
        f"before update on {{table}} for each row when (old.stream = 'audit' and ({_BACKWARDS}))",
    ),
    "streams_audit_truncate": ("streams", "before truncate on {table} for each statement"),
}


def upgrade() -> None:
    """Create the tables, and the triggers that guard the audit."""
    op.create_table(
        "approvals",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("workspace", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("permission", sa.Text),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("subject", sa.JSON, nullable=False),
        sa.Column("paths", ARRAY(sa.Text), nullable=False),
        sa.Column("destructive", sa.Boolean, nullable=False),
        sa.Column("egress", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("requester_id", sa.Text, nullable=False),
        sa.Column("requester", sa.Text, nullable=False),
        sa.Column("requester_kind", sa.Text, nullable=False),
        sa.Column("session", sa.Text),
        sa.Column("created_at", _time, nullable=False),
        sa.Column("expires_at", _time, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("decided_by", sa.Text),
        sa.Column("decided_at", _time),
        sa.Column("comment", sa.Text),
        sa.Column("used_at", _time),
        sa.CheckConstraint(
            "state in ('pending', 'approved', 'denied', 'used', 'expired')",
            name="approvals_state_check",
        ),
        schema=SCHEMA,
    )
    op.create_index(
        "approvals_one_pending_idx",
        "approvals",
        ["workspace", "requester_id", "hash"],
        unique=True,
        postgresql_where=sa.text("state = 'pending'"),
        schema=SCHEMA,
    )
    op.create_index(
        "approvals_workspace_created_at_idx",
        "approvals",
        ["workspace", "created_at"],
        schema=SCHEMA,
    )
    op.create_table(
        "tainted_sessions",
        sa.Column("principal_id", sa.Text, primary_key=True),
        sa.Column("session", sa.Text, primary_key=True),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("at", _time, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "approved_specs",
        sa.Column("workspace", sa.Text, primary_key=True),
        sa.Column("path", sa.Text, primary_key=True),
        sa.Column("replaces", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("approved_by", sa.Text, nullable=False),
        sa.Column("approved_at", _time, nullable=False),
        schema=SCHEMA,
    )
    op.execute(_REFUSE)
    for name, (table, when) in _TRIGGERS.items():
        place = when.format(table=f"{SCHEMA}.{table}")
        op.execute(f"create trigger {name} {place} execute function {SCHEMA}.audit_only_grows()")


def downgrade() -> None:
    """Drop them again."""
    for name, (table, _) in _TRIGGERS.items():
        op.execute(f"drop trigger {name} on {SCHEMA}.{table}")
    op.execute(f"drop function {SCHEMA}.audit_only_grows()")
    for table in ("approved_specs", "tainted_sessions", "approvals"):
        op.drop_table(table, schema=SCHEMA)
