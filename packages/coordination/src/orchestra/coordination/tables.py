"""The tables of `orchestra.coordination`: tasks, hand-offs, sessions of agents, the journal."""

from datetime import datetime
from typing import Any

from orchestra.shared.tables import Table
from sqlalchemy import JSON, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column


class TaskRow(Table):
    """A task and its claim. `token` is the last fencing token that was given out for it.

    `state` says what was decided last: a claim whose `lease_until` is over is none any more.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        CheckConstraint("state in ('open', 'claimed', 'done', 'cancelled')", name="state"),
        CheckConstraint(
            "(state = 'claimed') = (holder_id is not null and lease_until is not null)",
            name="claim",
        ),
        UniqueConstraint("workspace", "origin"),
        Index(None, "workspace", "state", "priority", "created_at"),
        Index(None, "workspace", "updated_at"),
        Index(None, "holder_id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    workspace: Mapped[str]
    title: Mapped[str]
    goal: Mapped[str]
    state: Mapped[str]
    priority: Mapped[int]
    paths: Mapped[list[str]]
    progress: Mapped[Any] = mapped_column(JSON)  # a `Progress`
    origin: Mapped[str | None]
    creator_id: Mapped[str]
    creator: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    result: Mapped[str | None]
    token: Mapped[int] = mapped_column(default=0)
    holder_id: Mapped[str | None]
    holder: Mapped[str | None]
    session: Mapped[str | None]
    claimed_at: Mapped[datetime | None]
    lease_seconds: Mapped[int | None]
    lease_until: Mapped[datetime | None]
    left_by: Mapped[str | None]
    handoff_id: Mapped[str | None]
    reserved_for: Mapped[str | None]
    reserved_until: Mapped[datetime | None]
    context_id: Mapped[str | None]


class HandoffRow(Table):
    """A task on its way from one agent to another, with the packet that says how far it is."""

    __tablename__ = "handoffs"
    __table_args__ = (
        CheckConstraint("state in ('waiting', 'accepted', 'withdrawn', 'lapsed')", name="state"),
        Index(None, "workspace", "state", "created_at"),
        Index(None, "task_id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    workspace: Mapped[str]
    task_id: Mapped[str] = mapped_column(ForeignKey(TaskRow.id))
    state: Mapped[str]
    sender_id: Mapped[str]
    sender: Mapped[str]
    recipient: Mapped[str | None]
    packet: Mapped[Any] = mapped_column(JSON)  # a `Packet`
    tokens: Mapped[int]
    head: Mapped[str | None]
    dirty: Mapped[list[str]]
    context_version: Mapped[str]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by_id: Mapped[str | None]
    closed_by: Mapped[str | None]
    accepted_token: Mapped[int | None]


class AgentSessionRow(Table):
    """A session of an agent (`<brand>/<id>`) and whose it is: the principal that used it first.

    `version` is the one of the context that hooks have told it, empty for none; `edited` are files
    that it has changed itself.
    """

    __tablename__ = "agent_sessions"
    __table_args__ = (Index(None, "seen_at"),)

    workspace: Mapped[str] = mapped_column(primary_key=True)
    session: Mapped[str] = mapped_column(primary_key=True)
    principal_id: Mapped[str]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    version: Mapped[str] = mapped_column(server_default="")
    prompts: Mapped[int] = mapped_column(server_default="0")
    edited: Mapped[list[str]] = mapped_column(server_default="{}")


class JournalRow(Table):
    """One thing that an agent did, as a hook saw it."""

    __tablename__ = "journal"
    __table_args__ = (
        Index(None, "workspace", "session", "kind", "id"),
        Index(None, "task_id", "kind", "id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    workspace: Mapped[str]
    session: Mapped[str]
    task_id: Mapped[str | None] = mapped_column(ForeignKey(TaskRow.id))
    kind: Mapped[str]
    text: Mapped[str]
    paths: Mapped[list[str]]
    exit_code: Mapped[int | None]
    at: Mapped[datetime]
