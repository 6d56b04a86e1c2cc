"""The tables of `orchestra.shared`: events, principals, keys and sessions."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from orchestra.shared.db import SCHEMA
from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Table(DeclarativeBase):
    """The base of every table of every package."""

    metadata = MetaData(
        schema=SCHEMA,
        naming_convention={
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ck": "%(table_name)s_%(constraint_name)s_check",
            "fk": "%(table_name)s_%(column_0_name)s_fkey",
            "pk": "%(table_name)s_pkey",
        },
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it as a plain class attribute
        datetime: TIMESTAMP(timezone=True),
        str: Text,
        bytes: LargeBinary,
        int: BigInteger,
        list[str]: ARRAY(Text),
    }


class StreamRow(Table):
    """A stream of events: where it ends now, and where what is kept of it begins."""

    __tablename__ = "streams"

    stream: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[UUID]
    seq: Mapped[int] = mapped_column(default=0)
    hash: Mapped[bytes]
    floor_seq: Mapped[int] = mapped_column(default=0)
    floor_hash: Mapped[bytes]


class EventRow(Table):
    """An event. `data` is `json`, not `jsonb`: the hash is over its exact text."""

    __tablename__ = "events"

    stream: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True)
    at: Mapped[datetime]
    kind: Mapped[str]
    actor: Mapped[str]
    data: Mapped[Any] = mapped_column(JSON)  # any JSON object; typed where it is read
    hash: Mapped[bytes]


class PrincipalRow(Table):
    """Who acts: a person, an agent or a service."""

    __tablename__ = "principals"
    __table_args__ = (CheckConstraint("kind in ('human', 'agent', 'service')", name="kind"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[Literal["human", "agent", "service"]] = mapped_column(Text)
    created_at: Mapped[datetime]


class KeyRow(Table):
    """An API key; of its secret only the SHA-256 is kept."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(primary_key=True)
    principal_id: Mapped[str] = mapped_column(ForeignKey(PrincipalRow.id))
    digest: Mapped[bytes]
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class SessionRow(Table):
    """A browser's session, or the one-time code that opens one; it dies with its key."""

    __tablename__ = "sessions"
    __table_args__ = (
        CheckConstraint("kind in ('code', 'session')", name="kind"),
        Index(None, "key_id"),
    )

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    kind: Mapped[Literal["code", "session"]] = mapped_column(Text)
    key_id: Mapped[str] = mapped_column(ForeignKey(KeyRow.id))
    expires_at: Mapped[datetime]
