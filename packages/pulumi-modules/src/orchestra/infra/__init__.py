"""Governed infrastructure: components, stack specs, runs, policy, rollback, scaling."""

__all__: list[str] = []
