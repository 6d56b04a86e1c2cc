"""What an idle system costs: CPU and memory of all of its processes."""

import threading

from orchestra.cli.bench.process import cpu_seconds, memory
from orchestra.cli.bench.report import Report, Target
from orchestra.cli.bench.system import BenchSystem

_SETTLE = 5.0  # seconds of quiet before it counts


def measure(report: Report, system: BenchSystem, *, files: int, seconds: float) -> None:
    """A row and the promise for a repository in which nothing happens."""
    system.consistent()
    pause = threading.Event()
    pause.wait(_SETTLE)
    before = _spent(system)
    pause.wait(seconds)
    after = _spent(system)
    spent = {pid: after[pid] - before.get(pid, 0.0) for pid in after}
    api = system.api_pid or 0
    total = sum(spent.values()) / seconds * 100
    database = [memory(pid) for pid in after if pid not in (api, system.up.pid)]
    own, shared = sum(m.own for m in database), max((m.shared for m in database), default=0)
    report.row(
        f"at rest, {files} files",
        seconds=seconds,
        cpu_percent=total,
        cpu_percent_api=spent.get(api, 0.0) / seconds * 100,
        rss_mib_api=_mib(memory(api).own + memory(api).shared),
        rss_mib_up=_mib(memory(system.up.pid).own + memory(system.up.pid).shared),
        rss_mib_postgres=_mib(own + shared),
    )
    report.target(Target(f"CPU at rest, {files} files", total, "% of a core", 2, "lower"))


def _spent(system: BenchSystem) -> dict[int, float]:
    return {pid: cpu_seconds(pid, with_children=True) for pid in system.pids()}


def _mib(size: int) -> float:
    return round(size / 2**20, 1)
