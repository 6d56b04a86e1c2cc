"""The parts of governance, put together: wiring's own room for them, as they are many."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from orchestra.context.git.files import RepositoryFiles
from orchestra.coordination.governance import (
    ApprovalBoard,
    Approvals,
    Audit,
    AuditHeads,
    Governor,
    SpecsInForce,
    Taint,
)
from orchestra.shared.db import Database
from orchestra.shared.events import EventLog
from orchestra.shared.redaction import Redactor
from orchestra.shared.settings import Settings


class Running(Protocol):
    """A part that runs in the background."""

    async def start(self) -> None:
        """Begin."""

    async def close(self) -> None:
        """End."""


@dataclass(frozen=True, slots=True)
class Governance:
    """Who may do what, who decides, and what was done."""

    governor: Governor
    approvals: Approvals
    board: ApprovalBoard
    specs: SpecsInForce
    audit: Audit
    heads: AuditHeads

    @property
    def parts(self) -> Sequence[Running]:
        """Those that have to be started and stopped."""
        return (self.heads, self.board)


def build_governance(
    settings: Settings, database: Database, events: EventLog, redactor: Redactor
) -> Governance:
    """The parts for one repository."""
    workspace = settings.workspace
    audit = Audit(database, events, workspace=workspace)
    approvals = Approvals(database, events, audit, workspace=workspace, redactor=redactor)
    files = RepositoryFiles(settings.repo, branch=settings.default_branch)
    specs = SpecsInForce(files, database, audit, workspace=workspace)
    here = f"http://{settings.host}:{settings.port}" if settings.port else ""
    url = settings.public_url or here
    return Governance(
        governor=Governor(specs, approvals, Taint(database), audit, url=url),
        approvals=approvals,
        board=ApprovalBoard(approvals, events),
        specs=specs,
        audit=audit,
        heads=AuditHeads(settings.state_folder, database, events),
    )
