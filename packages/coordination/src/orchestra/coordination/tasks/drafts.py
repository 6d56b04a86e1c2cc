"""From what somebody wants done to a task on the list."""

import re
from datetime import datetime

from orchestra.coordination.tables import TaskRow
from orchestra.coordination.tasks.progress import LONGEST
from orchestra.coordination.tasks.rows import new_id
from orchestra.coordination.tasks.task import NewTask
from orchestra.coordination.tasks.text import checked, one_line, path_of
from orchestra.shared.errors import Invalid
from orchestra.shared.identity import Caller
from orchestra.shared.redaction import Redactor
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

MOST = 10_000
"""Tasks of a workspace that are not closed."""
_TITLE = 200
_PATHS = 50
_KEY = re.compile(r"[!-~]{1,100}")


async def row_of(
    session: AsyncSession, draft: NewTask, caller: Caller, workspace: str, redactor: Redactor
) -> tuple[TaskRow, datetime, bool]:
    """The task's row, the database's time, and whether the task is new.

    Raises:
        Invalid: it has no title, a path, the priority or the key is not one, or there are too many.
        TooLarge: a text is too long.
    """
    columns = _columns(draft, caller, redactor)
    live = select(func.count()).where(
        TaskRow.workspace == workspace, TaskRow.state.in_(("open", "claimed"))
    )
    if (await session.scalar(live) or 0) >= MOST:
        raise Invalid(f"there are {MOST} tasks already", hint="complete or cancel some first")
    now = func.now()
    statement = (
        insert(TaskRow)
        .values(workspace=workspace, created_at=now, updated_at=now, **columns)
        .on_conflict_do_nothing(index_elements=[TaskRow.workspace, TaskRow.origin])
        .returning(TaskRow.id)
    )
    id = await session.scalar(statement)
    which = TaskRow.origin == columns["origin"] if id is None else TaskRow.id == id
    query = select(TaskRow, func.now()).where(TaskRow.workspace == workspace, which)
    row, at = (await session.execute(query)).one()
    return row, at, id is not None


def _columns(draft: NewTask, caller: Caller, redactor: Redactor) -> dict[str, object]:
    title = one_line(checked(draft.title, "title", _TITLE, redactor, empty=False), _TITLE)
    if not 0 <= draft.priority <= 4:
        raise Invalid(
            f"`{draft.priority}` is not a priority", hint="give one from 0, at once, to 4, some day"
        )
    paths = sorted({path_of(path, redactor) for path in draft.paths})
    if len(paths) > _PATHS:
        raise Invalid(f"`{len(paths)}` paths are too many", hint=f"give at most {_PATHS}")
    for name, text in (("key", draft.key), ("context id", draft.context_id)):
        if text is not None and not _KEY.fullmatch(text):
            raise Invalid(
                f"the {name} is not one",
                hint="use 1 to 100 ASCII characters without spaces, such as a UUID",
            )
    return {
        "id": new_id("tsk"),
        "title": title,
        "goal": checked(draft.goal, "goal", 4 * LONGEST, redactor),
        "state": "open",
        "priority": draft.priority,
        "paths": paths,
        "progress": {},
        "origin": None if draft.key is None else f"{caller.principal_id}/{draft.key}",
        "creator_id": caller.principal_id,
        "creator": caller.name,
        "token": 0,
        "context_id": draft.context_id,
    }
