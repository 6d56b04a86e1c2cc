"""Hand-offs: a task goes from its holder to another agent, with a packet, and is never lost."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from orchestra.coordination.tables import HandoffRow, TaskRow
from orchestra.coordination.tasks import handoff_rows, rows
from orchestra.coordination.tasks.acceptance import check_fresh, cleaned, examine
from orchestra.coordination.tasks.addressing import check_recipient, recipient_of, visible
from orchestra.coordination.tasks.announcer import Announcer
from orchestra.coordination.tasks.claiming import check_lease, is_again
from orchestra.coordination.tasks.closing import withdraw_handoff
from orchestra.coordination.tasks.drafts import row_of
from orchestra.coordination.tasks.handoff import (
    Accepted,
    Finding,
    Handoff,
    HandoffState,
    Handover,
    Waiting,
)
from orchestra.coordination.tasks.packet import Packet
from orchestra.coordination.tasks.packets import Packets
from orchestra.coordination.tasks.progress import Progress, prepared
from orchestra.coordination.tasks.sessions import bind, check
from orchestra.coordination.tasks.surroundings import LiveContext, Worktree
from orchestra.coordination.tasks.task import LEASE, NewTask
from orchestra.shared.db import Database
from orchestra.shared.errors import Conflict, Forbidden
from orchestra.shared.identity import Caller
from orchestra.shared.redaction import Redactor
from sqlalchemy.ext.asyncio import AsyncSession


class Handoffs:
    """Hand-offs in PostgreSQL: the claim ends and the offer begins in one transaction, and so back."""

    def __init__(
        self,
        database: Database,
        announcer: Announcer,
        packets: Packets,
        worktree: Worktree,
        context: LiveContext,
        *,
        workspace: str,
        redactor: Redactor,
    ) -> None:
        self._database = database
        self._announcer = announcer
        self._packets = packets
        self._worktree = worktree
        self._context = context
        self._workspace = workspace
        self._redactor = redactor

    async def create(self, handover: Handover, caller: Caller) -> Handoff:
        """Offer a task to an agent, or to anybody: the holder lets go of it by that.

        Raises:
            NotFound, Conflict: there is no such task, or the caller does not hold it by that token.
            Invalid, TooLarge: what was said cannot be kept.
        """
        recipient = recipient_of(handover.to)
        handoff_rows.check_handover(handover)
        said = prepared(handover.progress, self._redactor)
        await self._packets.settle()
        standing = await self._worktree.standing()
        head = handover.head or standing.head
        async with self._database.transaction() as session:
            task, now = await self._taken(session, handover, caller)
            known = Progress.model_validate(task.progress).merged(said)
            task.progress = rows.stored_progress(known)
            id = rows.new_id("hof")
            packet, tokens = await self._packets.build(
                session, task, id, caller.name, recipient, now, standing, head
            )
            row = HandoffRow(
                id=id,
                workspace=self._workspace,
                task_id=task.id,
                state="waiting",
                sender_id=caller.principal_id,
                sender=caller.name,
                recipient=recipient,
                packet=packet.model_dump(mode="json", exclude_defaults=True),
                tokens=tokens,
                head=head,
                dirty=list(standing.dirty),
                context_version=self._context.version(),
                created_at=now,
            )
            session.add(row)
            rows.take(task, now)
            task.handoff_id, task.left_by = id, None
            if recipient is not None:
                task.reserved_for = recipient
                task.reserved_until = now + timedelta(seconds=handover.seconds)
            handoff = handoff_rows.handoff_of(row, task)
        await self._announcer.tell(
            "handoff.created", caller.name, handoff=id, task=handoff.task_id, to=recipient
        )
        return handoff

    async def get(self, id: str, caller: Caller) -> Handoff:
        """One hand-off.

        Raises:
            NotFound: there is none that the caller may know of.
        """
        async with self._database.transaction() as session:
            row = await handoff_rows.find(session, self._workspace, id, caller)
            task, _ = await rows.read(session, self._workspace, row.task_id)
            return handoff_rows.handoff_of(row, task)

    async def list(
        self, caller: Caller, states: Sequence[HandoffState] = ("waiting",), limit: int = 50
    ) -> Sequence[Handoff]:
        """Hand-offs in those states that the caller may know of, newest first."""
        async with self._database.transaction() as session:
            found = await handoff_rows.newest(session, self._workspace, states)
            seen = [(row, task) for row, task in found if visible(row, caller)]
        return [handoff_rows.handoff_of(row, task) for row, task in seen[:limit]]

    async def examine(
        self, id: str, caller: Caller, *, head: str | None = None
    ) -> Sequence[Finding]:
        """What is not as it was when the task was handed over.

        Raises:
            NotFound: there is no such hand-off that the caller may know of.
        """
        async with self._database.transaction() as session:
            row = await handoff_rows.find(session, self._workspace, id, caller)
            task, _ = await rows.read(session, self._workspace, row.task_id)
        return (await self._compared(row, task, head))[1]

    async def accept(
        self,
        id: str,
        caller: Caller,
        *,
        seconds: int = LEASE,
        session: str | None = None,
        head: str | None = None,
        anyway: bool = False,
    ) -> Accepted:
        """Take the task up, by a new token; of all who try, one does.

        To accept again what one has accepted, and still holds, gives the same.

        Raises:
            NotFound: there is no such hand-off that the caller may know of.
            Forbidden: it is for somebody else.
            Conflict: it does not wait any more, or the repository is not where the sender left it.
        """
        check_lease(seconds)
        async with self._changing(id, caller) as (db, row, task, now):
            check_recipient(row, caller)
            if session is not None:
                await bind(db, self._workspace, session, caller)
            again = _is_accepted_by(row, task, now, caller, session)
            if not again:
                handoff_rows.check_waiting(row, task)
            packet, findings = await self._compared(row, task, head)
            if not again:
                if not anyway:
                    check_fresh(id, findings)
                rows.give(task, caller, now, now + timedelta(seconds=seconds), session)
                row.state, row.closed_at, row.accepted_token = "accepted", now, task.token
                row.closed_by_id, row.closed_by = caller.principal_id, caller.name
            row.packet = packet.model_dump(mode="json", exclude_defaults=True)
            accepted = Accepted(
                handoff_rows.handoff_of(row, task), rows.task_of(task, now, caller), findings
            )
        if not again:
            await self._announcer.tell(
                "handoff.accepted", caller.name, handoff=id, task=task.id, token=task.token
            )
        return accepted

    async def withdraw(self, id: str, caller: Caller) -> Handoff:
        """Take an offer back: the task is open to anybody.

        Raises:
            NotFound: there is no such hand-off that the caller may know of.
            Forbidden: the caller is neither its sender nor a person.
            Conflict: it does not wait any more.
        """
        async with self._changing(id, caller) as (session, row, task, now):
            if caller.kind != "human" and row.sender_id != caller.principal_id:
                raise Forbidden(
                    f"the hand-off `{id}` is {row.sender}'s",
                    hint=f"ask {row.sender} or a person to withdraw it",
                )
            handoff_rows.check_waiting(row, task)
            await withdraw_handoff(session, task, now, "withdrawn", caller)
            task.left_by, task.updated_at = row.sender, now
            handoff = handoff_rows.handoff_of(row, task)
        await self._announcer.tell("handoff.withdrawn", caller.name, handoff=id, task=task.id)
        return handoff

    async def waiting(self, caller: Caller, limit: int = 20) -> Sequence[Waiting]:
        """What waits for the caller: what is for it first, then what is for anybody."""
        async with self._database.transaction() as session:
            return await handoff_rows.waiting(session, self._workspace, caller, limit)

    async def packet(self, task_id: str) -> tuple[Packet, int] | None:
        """How far a task is, from its journal, whoever left it; None when nothing is known.

        Raises:
            NotFound: there is no such task.
        """
        await self._packets.settle()
        standing = await self._worktree.standing()
        async with self._database.transaction() as session:
            task, now = await rows.read(session, self._workspace, task_id)
            who = task.holder or task.left_by or task.creator
            packet, tokens = await self._packets.build(
                session, task, task.id, who, None, now, standing, standing.head
            )
            known = packet.commands or packet.edits or packet.tests or task.progress
        return (packet, tokens) if known else None

    async def _taken(
        self, session: AsyncSession, handover: Handover, caller: Caller
    ) -> tuple[TaskRow, datetime]:
        """The task, which the caller holds, or which it has just made."""
        if isinstance(handover.task, NewTask):
            task, now, fresh = await row_of(
                session, handover.task, caller, self._workspace, self._redactor
            )
            if not fresh:
                raise Conflict(
                    f"you made `{task.id}` by that key before", hint="claim it, and hand it over"
                )
            if handover.session is not None:
                await bind(session, self._workspace, handover.session, caller)
                await self._packets.adopt(session, handover.session, task.id)
            return task, now
        task, now = await rows.lock(session, self._workspace, handover.task)
        rows.check_token(task, now, caller, handover.token or 0)
        if handover.session is not None:
            await check(session, self._workspace, handover.session, caller)
            await self._packets.adopt(session, handover.session, task.id)
        return task, now

    async def _compared(
        self, row: HandoffRow, task: TaskRow, head: str | None
    ) -> tuple[Packet, Sequence[Finding]]:
        """The packet, clean of what is a secret by now, and what is not as it was."""
        handoff = handoff_rows.handoff_of(row, task)
        written = (row.head, row.dirty, row.context_version)
        packet, removed = cleaned(handoff.packet, self._redactor)
        found = await examine(handoff, written, head, self._worktree, self._context)
        return packet, [*removed, *found]

    @asynccontextmanager
    async def _changing(
        self, id: str, caller: Caller
    ) -> AsyncGenerator[tuple[AsyncSession, HandoffRow, TaskRow, datetime]]:
        """The hand-off and its task, changed by nobody else: the task is locked first, always."""
        async with self._database.transaction() as session:
            row = await handoff_rows.find(session, self._workspace, id, caller)
            task, now = await rows.lock(session, self._workspace, row.task_id)
            await session.refresh(row)
            yield session, row, task, now


def _is_accepted_by(
    row: HandoffRow, task: TaskRow, now: datetime, caller: Caller, session: str | None
) -> bool:
    """Whether the caller has accepted it before, and holds the task by that."""
    won = row.state == "accepted" and row.closed_by_id == caller.principal_id
    if not won or task.token != row.accepted_token:
        return False
    if not is_again(task, now, caller, session):
        raise Conflict(
            f"your lease of `{task.id}` ended at {rows.shown(task.lease_until)}",
            hint=f"claim it again: orchestra tasks claim {task.id}",
        )
    return True
