"""The tables of `orchestra.context`: stored snapshots, and webhooks."""

from datetime import datetime
from typing import Any
from uuid import UUID

from orchestra.shared.tables import Table
from sqlalchemy import JSON
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
