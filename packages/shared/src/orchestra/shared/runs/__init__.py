"""Durable runs: work that survives the death of the process that does it."""

from orchestra.shared.runs.protocol import (
    DurableRuns,
    Run,
    RunBody,
    RunContext,
    RunKind,
    RunState,
    Step,
)

__all__ = ["DurableRuns", "Run", "RunBody", "RunContext", "RunKind", "RunState", "Step"]
