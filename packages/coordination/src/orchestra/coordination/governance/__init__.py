"""Whether an act may be done: permission, then pattern or approval, then the audit."""

from orchestra.coordination.governance.act import Act, Outcome, Verdict

__all__ = ["Act", "Outcome", "Verdict"]
