"""A request for approval, as people and agents see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast, get_args

from orchestra.coordination.governance.tables import ApprovalRow
from orchestra.shared.errors import Forbidden
from orchestra.shared.json import JsonObject

ApprovalState = Literal["pending", "approved", "denied", "used", "expired"]
STATES: tuple[ApprovalState, ...] = get_args(ApprovalState)


@dataclass(frozen=True, slots=True)
class Approval:
    """A request, what was decided, and whether it was used. `hash` is of what was shown."""

    id: str
    state: ApprovalState
    permission: str | None
    summary: str
    subject: JsonObject
    paths: tuple[str, ...]
    destructive: bool
    egress: bool
    reason: str
    hash: str
    requester: str
    requester_kind: str
    session: str | None
    created_at: datetime
    expires_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    comment: str | None
    used_at: datetime | None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person might overlook: letters that look like others."""
        return lookalikes([self.summary, *self.paths, str(self.subject)])


@dataclass(frozen=True, slots=True)
class ApprovalPage:
    """Requests, newest first; `before` asks for those that follow."""

    approvals: Sequence[Approval]
    before: str | None


class ApprovalRequired(Forbidden):
    """The act may be done once a person has approved it."""

    code = "approval-required"

    def __init__(self, message: str, *, approval_id: str, url: str) -> None:
        super().__init__(
            message, hint=f"wait for a person's decision: orchestra approvals wait {approval_id}"
        )
        self.approval_id = approval_id
        self.url = url


def approval_of(row: ApprovalRow, now: datetime) -> Approval:
    """A request from its row; one whose time is over is `expired` though nobody wrote that yet."""
    over = row.state in ("pending", "approved") and row.expires_at <= now
    return Approval(
        id=row.id,
        state="expired" if over else cast("ApprovalState", row.state),
        permission=row.permission,
        summary=row.summary,
        subject=row.subject,
        paths=tuple(row.paths),
        destructive=row.destructive,
        egress=row.egress,
        reason=row.reason,
        hash=row.hash,
        requester=row.requester,
        requester_kind=row.requester_kind,
        session=row.session,
        created_at=row.created_at,
        expires_at=row.expires_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        comment=row.comment,
        used_at=row.used_at,
    )


def lookalikes(texts: Sequence[str]) -> tuple[str, ...]:
    """A warning for each word that mixes ASCII letters with others, as `prod` with a Cyrillic o."""
    found: dict[str, None] = {}
    for word in " ".join(texts).split():
        letters = [c for c in word if c.isalpha()]
        odd = sorted({f"U+{ord(c):04X}" for c in letters if not c.isascii()})
        if odd and any(c.isascii() for c in letters):
            found[f"`{word[:60]}` mixes ASCII letters with {', '.join(odd[:5])}"] = None
        if len(found) == 5:
            break
    return tuple(found)
