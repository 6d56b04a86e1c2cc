"""Who may do what and who holds which task: agent specs, permissions, approvals, hand-offs."""

__all__: list[str] = []
