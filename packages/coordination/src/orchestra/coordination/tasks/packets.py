"""Writes packets from what is known of a task: its progress, and the journal of its sessions."""

import asyncio
from datetime import datetime

from orchestra.coordination.tables import TaskRow
from orchestra.coordination.tasks.journal import Journal
from orchestra.coordination.tasks.packet import Packet
from orchestra.coordination.tasks.packing import Count, facts, pack
from orchestra.coordination.tasks.progress import Progress
from orchestra.coordination.tasks.rows import shown
from orchestra.coordination.tasks.surroundings import LiveContext, Standing
from orchestra.shared.redaction import Redactor
from sqlalchemy.ext.asyncio import AsyncSession


class Packets:
    """Builds a packet at any time: nothing has to be written at the end of a session."""

    def __init__(
        self, journal: Journal, context: LiveContext, count: Count, redactor: Redactor
    ) -> None:
        self._journal = journal
        self._context = context
        self._count = count
        self._redactor = redactor

    async def start(self) -> None:
        """Load what counts tokens, which takes a moment, before somebody waits for it."""
        await asyncio.to_thread(self._count, "")

    async def close(self) -> None:
        """There is nothing to stop."""

    async def settle(self) -> None:
        """Wait for what agents did just now: it belongs into packets."""
        await self._journal.settle()

    async def adopt(self, session: AsyncSession, name: str, task_id: str) -> None:
        """Let what a session of an agent did for no task belong to this one."""
        await self._journal.adopt(session, name, task_id)

    async def build(
        self,
        session: AsyncSession,
        task: TaskRow,
        id: str,
        sender: str,
        recipient: str | None,
        now: datetime,
        standing: Standing,
        head: str | None,
    ) -> tuple[Packet, int]:
        """The packet of a task, and how many tokens it has."""
        entries = await self._journal.of_task(task.id, session)
        progress = Progress.model_validate(task.progress)
        links = [f"/api/v1/tasks/{task.id}"]
        if id != task.id:
            links = [f"orchestra://handoffs/{id}"]
        full = Packet(
            id=id,
            task_id=task.id,
            title=task.title,
            from_agent=sender,
            to_agent=recipient,
            created_at=shown(now),
            context_version=self._context.version(),
            head=head,
            branch=standing.branch,
            goal=task.goal,
            dirty=standing.dirty,
            links=tuple(links),
            **{name: getattr(progress, name) for name in Progress.model_fields},
            **facts(entries),
        )
        return await asyncio.to_thread(pack, full, self._count, self._redactor)
