"""The ledger of model calls, what each day cost, budgets and what is spent of them."""

import sqlalchemy as sa
from alembic import op
from orchestra.shared.db import SCHEMA
from sqlalchemy.dialects.postgresql import JSON, TIMESTAMP

revision = "gateway_0001"
down_revision = None
branch_labels = ("gateway",)
depends_on = "shared_0001"

_time = TIMESTAMP(timezone=True)
_TOKENS = ("input", "cached", "cache_written", "output", "reasoning")
_COUNTER = ("kind", "subject", "period")


def _text(*names: str, null: bool = False, key: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=null, primary_key=key) for name in names]


def _number(*names: str, null: bool = False) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=null) for name in names]


def upgrade() -> None:
    """Create the tables of cost."""
    _ledger()
    op.create_table(
        "gateway_daily",
        sa.Column("day", sa.Date, primary_key=True),
        *_text("principal", "key_id", "route", "class", "provider", "model", key=True),
        *_number("calls", "failed", "cache_hits", "unpriced", *_TOKENS, "cost"),
        schema=SCHEMA,
    )
    op.create_table(
        "gateway_budgets",
        *_text(*_COUNTER, key=True),
        *_number("amount"),
        *_text("set_by"),
        sa.Column("set_at", _time, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "gateway_spend",
        *_text(*_COUNTER, key=True),
        sa.Column("since", sa.Date, primary_key=True),
        *_number("spent", "leased"),
        schema=SCHEMA,
    )
    op.create_table(
        "gateway_processes",
        *_text("id", key=True),
        sa.Column("seen_at", _time, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "gateway_leases",
        *_text("process", *_COUNTER, key=True),
        sa.Column("since", sa.Date, primary_key=True),
        *_number("amount"),
        schema=SCHEMA,
    )
    op.create_table(
        "gateway_steps",
        *_text("task", "class", key=True),
        *_number("step"),
        sa.Column("at", _time, nullable=False),
        schema=SCHEMA,
    )


def _ledger() -> None:
    op.create_table(
        "gateway_ledger",
        *_text("id", key=True),
        sa.Column("at", _time, nullable=False),
        *_text("principal", "key_id", "endpoint", "asked"),
        *_text("task", "class", "route", "provider", "model", null=True),
        *_number("attempts", *_TOKENS),
        *_number("cost", null=True),
        *_text("source"),
        *_text("price", "cache", null=True),
        *_number("status"),
        *_text("finish"),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("first_token", sa.Float),
        sa.Column("detail", JSON, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("gateway_ledger_at_idx", "gateway_ledger", ["at"], schema=SCHEMA)
    op.create_index(
        "gateway_ledger_task_at_idx",
        "gateway_ledger",
        ["task", "at"],
        schema=SCHEMA,
        postgresql_where=sa.text("task is not null"),
    )
    op.create_table(
        "gateway_open",
        *_text("id", key=True),
        *_text("process"),
        sa.Column("at", _time, nullable=False),
        *_text("principal", "key_id", "endpoint", "asked"),
        *_text("task", "class", null=True),
        *_number("reserved", null=True),
        schema=SCHEMA,
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("open", "ledger", "daily", "budgets", "spend", "processes", "leases", "steps"):
        op.drop_table(f"gateway_{table}", schema=SCHEMA)
