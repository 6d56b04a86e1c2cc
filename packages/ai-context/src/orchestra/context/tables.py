"""The tables of `orchestra.context`: stored snapshots, webhooks, and notes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from orchestra.shared.tables import Table
from sqlalchemy import JSON, Index
from sqlalchemy.orm import Mapped, mapped_column


class SnapshotRow(Table):
    """The context document as it was after change number `seq`; it can be made again."""

    __tablename__ = "context_snapshots"

    stream: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[UUID]
    seq: Mapped[int]
    document: Mapped[Any] = mapped_column(JSON)  # the context document


class WebhookRow(Table):
    """A place outside to which the context is sent; `seq` is the last change that it took."""

    __tablename__ = "webhooks"

    id: Mapped[str] = mapped_column(primary_key=True)
    stream: Mapped[str]
    url: Mapped[str]
    agent: Mapped[str]
    topics: Mapped[list[str]]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    epoch: Mapped[str]
    seq: Mapped[int]
    failures: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]
    delivered_at: Mapped[datetime | None]


class NoteRow(Table):
    """A note of the memory. `words` is its text as it is searched; `vector` is float16 of `embedder`."""

    __tablename__ = "memory_notes"
    __table_args__ = (
        Index(None, "workspace", "scope", "fingerprint"),
        Index(None, "workspace", "created_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    workspace: Mapped[str]
    scope: Mapped[str]
    kind: Mapped[str]
    text: Mapped[str]
    words: Mapped[str] = mapped_column(deferred=True)
    tags: Mapped[list[str]]
    paths: Mapped[list[str]]
    author: Mapped[str]
    trust: Mapped[str]
    commit: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    superseded_by: Mapped[str | None]
    forgotten_at: Mapped[datetime | None]
    forgotten_by: Mapped[str | None]
    fingerprint: Mapped[str]
    embedder: Mapped[str | None]
    vector: Mapped[bytes | None] = mapped_column(deferred=True)
