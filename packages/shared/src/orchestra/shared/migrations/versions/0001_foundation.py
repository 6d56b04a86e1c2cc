"""Streams and events, principals, keys and sessions."""

import sqlalchemy as sa
from alembic import op
from orchestra.shared.db import SCHEMA
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP

revision = "shared_0001"
down_revision = None
branch_labels = ("shared",)
depends_on = None

_time = TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Create the tables of `orchestra.shared`."""
    op.create_table(
        "streams",
        sa.Column("stream", sa.Text, primary_key=True),
        sa.Column("epoch", sa.Uuid, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("floor_seq", sa.BigInteger, nullable=False),
        sa.Column("floor_hash", sa.LargeBinary, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "events",
        sa.Column("stream", sa.Text, primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True),
        sa.Column("id", sa.Uuid, nullable=False, unique=True),
        sa.Column("at", _time, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "principals",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("created_at", _time, nullable=False),
        sa.CheckConstraint("kind in ('human', 'agent', 'service')", name="principals_kind_check"),
        schema=SCHEMA,
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column(
            "principal_id", sa.Text, sa.ForeignKey(f"{SCHEMA}.principals.id"), nullable=False
        ),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("scopes", ARRAY(sa.Text), nullable=False),
        sa.Column("created_at", _time, nullable=False),
        sa.Column("expires_at", _time),
        sa.Column("last_used_at", _time),
        sa.Column("revoked_at", _time),
        schema=SCHEMA,
    )
    op.create_table(
        "sessions",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("key_id", sa.Text, sa.ForeignKey(f"{SCHEMA}.api_keys.id"), nullable=False),
        sa.Column("expires_at", _time, nullable=False),
        sa.CheckConstraint("kind in ('code', 'session')", name="sessions_kind_check"),
        schema=SCHEMA,
    )
    op.create_index("sessions_key_id_idx", "sessions", ["key_id"], schema=SCHEMA)


def downgrade() -> None:
    """Drop them again, and all that they hold."""
    for table in ("sessions", "api_keys", "principals", "events", "streams"):
        op.drop_table(table, schema=SCHEMA)
