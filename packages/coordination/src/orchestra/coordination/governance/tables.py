"""The tables of governance: requests for approval, tainted sessions, approved contents of specs."""

from datetime import datetime
from typing import Any

from orchestra.shared.tables import Table
from sqlalchemy import JSON, Index, text
from sqlalchemy.orm import Mapped, mapped_column


class ApprovalRow(Table):
    """A request for approval. What it binds to never changes; `state` only goes forward."""

    __tablename__ = "approvals"
    __table_args__ = (
        Index(
            "approvals_one_pending_idx",
            "workspace",
            "requester_id",
            "hash",
            unique=True,
            postgresql_where=text("state = 'pending'"),
        ),
        Index(None, "workspace", "created_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    workspace: Mapped[str]
    hash: Mapped[str]
    permission: Mapped[str | None]
    summary: Mapped[str]
    subject: Mapped[Any] = mapped_column(JSON)  # what the act is about, redacted
    paths: Mapped[list[str]]
    destructive: Mapped[bool]
    egress: Mapped[bool]
    reason: Mapped[str]
    requester_id: Mapped[str]
    requester: Mapped[str]
    requester_kind: Mapped[str]
    session: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    state: Mapped[str]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    comment: Mapped[str | None]
    used_at: Mapped[datetime | None]


class TaintRow(Table):
    """A session of a principal that has read text from outside."""

    __tablename__ = "tainted_sessions"

    principal_id: Mapped[str] = mapped_column(primary_key=True)
    session: Mapped[str] = mapped_column(primary_key=True)
    why: Mapped[str]
    at: Mapped[datetime]


class ApprovedSpecRow(Table):
    """A content of a spec's file that a person put in force in place of the default branch's."""

    __tablename__ = "approved_specs"

    workspace: Mapped[str] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)
    replaces: Mapped[str]
    """The digest of what the default branch had then; once it has another, this has lapsed."""
    digest: Mapped[str]
    text: Mapped[str]
    approved_by: Mapped[str]
    approved_at: Mapped[datetime]
