"""Sessions of agents: each belongs to the principal that used it first."""

import re

from orchestra.coordination.tables import AgentSessionRow
from orchestra.shared.errors import Invalid, NotFound
from orchestra.shared.identity import Caller
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

LONGEST = 200
_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}/[!-~]{1,190}")


async def bind(session: AsyncSession, workspace: str, name: str, caller: Caller) -> None:
    """Note that the session is the caller's, or find that it is.

    Raises:
        Invalid: it is not of the form `<brand>/<id>`.
        NotFound: it is somebody else's, which is nobody's business.
    """
    if not _NAME.fullmatch(name) or len(name) > LONGEST:
        raise Invalid(
            "a session is called `<brand>/<id>`, with at most 200 characters",
            hint="such as `claude/6f1c…`: the agent, and the id that it has given its session",
        )
    now = func.now()
    row = {"workspace": workspace, "session": name, "principal_id": caller.principal_id}
    statement = insert(AgentSessionRow).values(row | {"started_at": now, "seen_at": now})
    statement = statement.on_conflict_do_update(
        index_elements=[AgentSessionRow.workspace, AgentSessionRow.session],
        set_={"seen_at": now},
        where=AgentSessionRow.principal_id == caller.principal_id,
    )
    if await session.scalar(statement.returning(AgentSessionRow.principal_id)) is None:
        raise _unknown(name)


async def check(session: AsyncSession, workspace: str, name: str, caller: Caller) -> None:
    """Do nothing when the session is the caller's.

    Raises:
        NotFound: it is unknown, or somebody else's, which is the same to the caller.
    """
    query = select(AgentSessionRow.principal_id).where(
        AgentSessionRow.workspace == workspace, AgentSessionRow.session == name
    )
    if await session.scalar(query) != caller.principal_id:
        raise _unknown(name)


def _unknown(name: str) -> NotFound:
    return NotFound(
        f"there is no session `{name[:60]}` of yours",
        hint="give the session of the agent whose key you use, or none",
    )
