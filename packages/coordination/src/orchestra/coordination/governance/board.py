"""What waits for a decision and what was decided lately: told to all who follow it, at once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import structlog
from orchestra.coordination.governance.approval import Approval
from orchestra.coordination.governance.approvals import Approvals
from orchestra.shared.errors import Unavailable
from orchestra.shared.events import EventLog
from orchestra.shared.identity import Caller
from orchestra.shared.json import JsonObject

_LOOK = 30.0  # seconds after which it looks for itself, as an announcement may be lost
_PENDING, _DECIDED = 50, 20

_log = structlog.get_logger(__name__)


class ApprovalBoard:
    """Follows the requests of a workspace, whichever process changes them, and lets them expire."""

    def __init__(self, approvals: Approvals, events: EventLog) -> None:
        self._approvals = approvals
        self._events = events
        self._grown = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to follow."""
        self._tasks = [
            asyncio.create_task(self._follow(), name="approvals"),
            asyncio.create_task(self._expire(), name="approvals-expiry"),
        ]

    async def close(self) -> None:
        """Stop following."""
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def wait(self, id: str, caller: Caller, timeout: float) -> Approval:
        """The request once it is decided or over, or as it is when the time is up.

        Raises:
            NotFound: there is none that the caller may see.
        """
        ends = asyncio.get_running_loop().time() + timeout
        while True:
            grown = self._grown
            approval = await self._approvals.get(id, caller)
            if approval.state != "pending":
                return approval
            try:
                async with asyncio.timeout_at(ends):
                    await grown.wait()
            except TimeoutError:
                return approval

    async def values(self) -> AsyncIterator[JsonObject]:
        """What the context says of approvals: now, and after each change, for ever."""
        while True:
            grown = self._grown
            yield await self.value()
            await grown.wait()

    async def value(self) -> JsonObject:
        """`{"pending": {id: …}, "decided": {id: …}}`, in a few words each."""
        pending = await self._approvals.page(None, ["pending"], limit=_PENDING)
        decided = await self._approvals.page(
            None, ["approved", "denied", "used", "expired"], limit=_DECIDED
        )
        return {
            "pending": {one.id: _brief(one) for one in pending.approvals},
            "decided": {one.id: _brief(one) for one in decided.approvals},
        }

    async def _follow(self) -> None:
        stream = self._approvals.stream
        head = await self._events.head(stream)
        async for _ in self._events.follow(stream, after=head.seq if head else 0):
            self._nudge()

    async def _expire(self) -> None:
        while True:
            grown, soonest = self._grown, None
            try:
                soonest = await self._approvals.expire()
            except Unavailable as error:
                _log.warning("requests for approval cannot be looked at", error=str(error))
            left = _LOOK if soonest is None else (soonest - datetime.now(UTC)).total_seconds()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(max(left, 0.05), _LOOK)):
                    await grown.wait()

    def _nudge(self) -> None:
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()


def _brief(approval: Approval) -> JsonObject:
    said: JsonObject = {
        "state": approval.state,
        "summary": approval.summary,
        "requester": approval.requester,
        "reason": approval.reason,
        "destructive": approval.destructive,
        "created_at": _iso(approval.created_at),
        "expires_at": _iso(approval.expires_at),
    }
    if approval.decided_by is not None:
        said |= {"decided_by": approval.decided_by, "comment": approval.comment}
    return said


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
