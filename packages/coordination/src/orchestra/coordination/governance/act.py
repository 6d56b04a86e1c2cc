"""What somebody is about to do, as it is judged and as a person is shown it."""

import hashlib
from dataclasses import dataclass
from typing import Literal

from orchestra.shared.json import JsonObject, canonical

Outcome = Literal["allow", "ask", "deny"]


@dataclass(frozen=True)
class Act:
    """One act. `subject` is everything that an approval binds to."""

    permission: str | None
    """`pulumi:write`; None when nothing in particular is needed."""
    summary: str
    """One line that a person is shown."""
    subject: JsonObject
    paths: tuple[str, ...] = ()
    """Paths in the repository that it writes; judged by `auto_approve_patterns`."""
    destructive: bool = False
    """Never allowed by a pattern."""
    egress: bool = False
    """It sends something out of the machine; asked about once a session has read untrusted text."""

    @property
    def hash(self) -> str:
        """The SHA-256 of all that a person is shown: an equal act has the same."""
        shown: JsonObject = {
            "permission": self.permission,
            "summary": self.summary,
            "subject": self.subject,
            "paths": [*sorted(self.paths)],
            "destructive": self.destructive,
            "egress": self.egress,
        }
        return hashlib.sha256(canonical(shown)).hexdigest()


@dataclass(frozen=True)
class Verdict:
    """Whether an act may be done. `ask` names the request that a person has to approve first."""

    outcome: Outcome
    reason: str
    approval_id: str | None = None
    url: str | None = None
