"""The tables of the cache: answers, and what is known about answers by likeness."""

from datetime import datetime
from typing import Any

from orchestra.shared.tables import Table
from sqlalchemy import JSON, Boolean, Float, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column


class AnswerRow(Table):
    """A kept answer; `scope` and `prompt` are empty where it never serves by likeness."""

    __tablename__ = "gateway_answers"
    __table_args__ = (Index(None, "expires_at"), Index(None, "tenant"))

    key: Mapped[bytes] = mapped_column(primary_key=True)
    scope: Mapped[bytes]
    prompt: Mapped[str]
    tenant: Mapped[str]
    commit: Mapped[str | None]
    endpoint: Mapped[str]
    stream: Mapped[bool] = mapped_column(Boolean)
    provider: Mapped[str]
    model: Mapped[str]
    usage: Mapped[Any] = mapped_column(JSON)  # the fields of `Usage`, or null
    body: Mapped[bytes]
    expires_at: Mapped[datetime]


class EpochRow(Table):
    """One row: how often the cache was cleared, by which a late answer knows that it is too late."""

    __tablename__ = "gateway_cache_epoch"

    epoch: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class FamilyRow(Table):
    """Calls whose answers by likeness are calibrated together, under a name for people."""

    __tablename__ = "gateway_cache_families"

    family: Mapped[bytes] = mapped_column(primary_key=True)
    name: Mapped[str]


class CheckRow(Table):
    """An answer that would have been given, beside the one that the model gave."""

    __tablename__ = "gateway_cache_checks"
    __table_args__ = (Index(None, "family", "id"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    family: Mapped[bytes]
    score: Mapped[float] = mapped_column(Float)
    right: Mapped[bool] = mapped_column("is_right", Boolean)
    at: Mapped[datetime]
