"""For tests: a process that does one thing with tasks, and is killed at a chosen moment of it."""

import asyncio
import multiprocessing
import os
import signal
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from orchestra.coordination.testing.tasks import TaskDesk
from orchestra.shared.db import Database
from orchestra.shared.events import Event, EventLog, PostgresBus
from orchestra.shared.json import JsonObject
from orchestra.shared.metrics import Metrics
from orchestra.shared.redaction import Redactor
from sqlalchemy import event

_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Call:
    """What the process does: a method of a part of the desk."""

    part: Literal["tasks", "handoffs"]
    method: str
    arguments: tuple[object, ...]
    options: dict[str, object]

    async def on(self, desk: TaskDesk) -> None:
        """Do it."""
        part = desk.tasks if self.part == "tasks" else desk.handoffs
        await getattr(part, self.method)(*self.arguments, **self.options)


class Fuse:
    """Burns by one at each moment, and kills its process at the last."""

    def __init__(self, moments: int) -> None:
        self._left = moments

    def burn(self, *_moment: object) -> None:
        """One moment more is over."""
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class _FusedLog(EventLog):
    """Burns before an event is stored, and after it."""

    fuse: Fuse

    async def append(
        self, stream: str, kind: str, data: JsonObject, *, actor: str, id: UUID | None = None
    ) -> Event:
        self.fuse.burn()
        stored = await super().append(stream, kind, data, actor=actor, id=id)
        self.fuse.burn()
        return stored


def killed_at(moment: int, dsn: str, call: Call) -> bool:
    """Do it in a process of its own, on the database of the test; False when it came to its end.

    Moments are before each statement, before each commit, before and after each event.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=_work, args=(moment, dsn, call))
    process.start()
    process.join(_SECONDS)
    code = process.exitcode
    if code not in (0, -signal.SIGKILL):
        process.kill()
        raise AssertionError(f"the process ended with {code}")
    return code != 0


def _work(moment: int, dsn: str, call: Call) -> None:
    asyncio.run(_do(Fuse(moment), dsn, call))


async def _do(fuse: Fuse, dsn: str, call: Call) -> None:
    database = Database(dsn)
    events = _FusedLog(database, PostgresBus(database), redactor=Redactor(), metrics=Metrics())
    events.fuse = fuse
    await events.start()
    desk = TaskDesk(database, events, _count)
    async with database.transaction():
        pass  # connected: what follows are the moments of the act
    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", fuse.burn)
    event.listen(engine, "commit", fuse.burn)
    await call.on(desk)
    await events.close()
    await database.close()


def _count(text: str) -> int:
    return len(text) // 4
