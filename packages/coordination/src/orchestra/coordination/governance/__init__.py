"""Whether an act may be done: permission, then pattern or approval, then the audit."""

from orchestra.coordination.governance.act import Act, Outcome, Verdict
from orchestra.coordination.governance.approval import (
    STATES,
    Approval,
    ApprovalPage,
    ApprovalRequired,
    ApprovalState,
)
from orchestra.coordination.governance.approvals import Approvals, Lifetimes
from orchestra.coordination.governance.audit import Audit, AuditFilter, AuditPage
from orchestra.coordination.governance.board import ApprovalBoard
from orchestra.coordination.governance.governor import Governor, Specs
from orchestra.coordination.governance.heads import AuditCheck, AuditHeads
from orchestra.coordination.governance.specs_in_force import (
    InForce,
    Proposal,
    SpecFiles,
    SpecsInForce,
)
from orchestra.coordination.governance.taint import Taint

__all__ = [
    "STATES",
    "Act",
    "Approval",
    "ApprovalBoard",
    "ApprovalPage",
    "ApprovalRequired",
    "ApprovalState",
    "Approvals",
    "Audit",
    "AuditCheck",
    "AuditFilter",
    "AuditHeads",
    "AuditPage",
    "Governor",
    "InForce",
    "Lifetimes",
    "Outcome",
    "Proposal",
    "SpecFiles",
    "Specs",
    "SpecsInForce",
    "Taint",
    "Verdict",
]
