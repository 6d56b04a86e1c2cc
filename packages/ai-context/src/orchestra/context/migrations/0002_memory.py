"""Notes of the memory."""

import sqlalchemy as sa
from alembic import op
from orchestra.shared.db import SCHEMA
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP, TSVECTOR

revision = "context_0002"
down_revision = "context_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of notes."""
    op.create_table(
        "memory_notes",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("workspace", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("tags", ARRAY(sa.Text), nullable=False),
        sa.Column("paths", ARRAY(sa.Text), nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("trust", sa.Text, nullable=False),
        sa.Column("commit", sa.Text),
        sa.Column("created_at", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", TIMESTAMP(timezone=True)),
        sa.Column("superseded_by", sa.Text),
        sa.Column("forgotten_at", TIMESTAMP(timezone=True)),
        sa.Column("forgotten_by", sa.Text),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("embedder", sa.Text),
        sa.Column("vector", sa.LargeBinary),
        sa.Column("search", TSVECTOR, sa.Computed("to_tsvector('english', words)", persisted=True)),
        sa.CheckConstraint(
            "trust in ('person', 'agent', 'untrusted')", name="memory_notes_trust_check"
        ),
        schema=SCHEMA,
    )
    for name, columns in (
        ("memory_notes_workspace_scope_fingerprint_idx", ["workspace", "scope", "fingerprint"]),
        ("memory_notes_workspace_created_at_idx", ["workspace", "created_at"]),
    ):
        op.create_index(name, "memory_notes", columns, schema=SCHEMA)
    op.create_index(
        "memory_notes_search_idx", "memory_notes", ["search"], schema=SCHEMA, postgresql_using="gin"
    )


def downgrade() -> None:
    """Drop it again."""
    op.drop_table("memory_notes", schema=SCHEMA)
