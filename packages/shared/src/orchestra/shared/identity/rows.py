"""Principals and callers as the tables have them, and what makes an order for a key good."""

import re
from collections.abc import Iterable
from datetime import datetime

from orchestra.shared.errors import Invalid, Unauthenticated
from orchestra.shared.identity.keys import random_text
from orchestra.shared.identity.principal import SCOPES, Caller, Kind
from orchestra.shared.tables import KeyRow, PrincipalRow
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._@-]{0,63}")


def check_order(name: str, scopes: Iterable[str]) -> list[str]:
    """The scopes in order, when name and scopes are good.

    Raises:
        Invalid: they are not.
    """
    wanted = sorted(set(scopes))
    unknown = [scope for scope in wanted if scope not in SCOPES]
    if unknown or not wanted:
        raise Invalid(
            f"`{unknown[0][:60]}` is not a scope" if unknown else "a key needs at least one scope",
            hint=f"the scopes are {', '.join(SCOPES)}",
        )
    if not _NAME.fullmatch(name):
        raise Invalid(
            f"`{name[:80]}` cannot be a principal's name",
            hint="use up to 64 letters, digits, spaces and . _ @ -",
        )
    return wanted


async def ensure_principal(
    session: AsyncSession, name: str, kind: Kind, now: datetime
) -> PrincipalRow:
    """The principal of that name, made when new.

    Raises:
        Invalid: it is known as another kind.
    """
    row = {"id": f"prn_{random_text(12)}", "name": name, "kind": kind, "created_at": now}
    await session.execute(insert(PrincipalRow).values(row).on_conflict_do_nothing())
    principal = (await session.scalars(select(PrincipalRow).where(PrincipalRow.name == name))).one()
    if principal.kind != kind:
        raise Invalid(
            f"`{name}` is known as `{principal.kind}`, not as `{kind}`",
            hint=f"use another name, or the kind `{principal.kind}`",
        )
    return principal


async def find_caller(session: AsyncSession, key_id: str) -> Caller | None:
    """Whom a key stands for, unless it is revoked or unknown."""
    query = (
        select(KeyRow, PrincipalRow)
        .join(PrincipalRow)
        .where(KeyRow.id == key_id, KeyRow.revoked_at.is_(None))
    )
    row = (await session.execute(query)).one_or_none()
    if row is None:
        return None
    key, principal = row
    return Caller(
        principal.id, principal.name, principal.kind, key.id, frozenset(key.scopes), key.expires_at
    )


def unknown(message: str) -> Unauthenticated:
    """The refusal of credentials that are not good."""
    return Unauthenticated(
        message, hint="send `Authorization: Bearer orc_…`; `orchestra keys create` makes a key"
    )
