"""The table of `hooks`: what each session has been told."""

from datetime import datetime

from orchestra.shared.tables import Table
from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column


class HookSessionRow(Table):
    """A session of an agent: whose it is, and the version of the context that it has."""

    __tablename__ = "hook_sessions"
    __table_args__ = (Index(None, "seen_at"),)

    workspace: Mapped[str] = mapped_column(primary_key=True)
    session: Mapped[str] = mapped_column(primary_key=True)
    principal_id: Mapped[str]
    version: Mapped[str]
    prompts: Mapped[int]
    edited: Mapped[list[str]]
    seen_at: Mapped[datetime]
