"""`orchestra bench stream`: from a saved file to every reader, on generated repositories."""

import sys
import tempfile
from pathlib import Path

from orchestra.cli.bench import fanout, latency, rest, storm, weight
from orchestra.cli.bench.report import Report
from orchestra.cli.bench.repository import generate
from orchestra.cli.bench.system import BenchSystem
from orchestra.shared.errors import Unavailable

_FILES = 20_000
_IDLE_FILES = 50_000


def measure(report: Report, quick: bool) -> None:
    """Everything that is promised of the stream; `quick` repeats less and rests shorter.

    Raises:
        Unavailable: this is not Linux, whose /proc and signals this relies on.
    """
    if sys.platform != "linux":
        raise Unavailable("this benchmark runs on Linux only", hint="run it in a container")
    with tempfile.TemporaryDirectory(prefix="orchestra-bench-repository-") as folder:
        repository = Path(folder) / "repository"
        tracked = generate(repository, _FILES)
        with BenchSystem(repository) as system:
            report.row("start", files=_FILES, seconds=system.start_seconds)
            if quick:
                rest.measure(report, system, files=_FILES, seconds=5)
            latency.measure(report, system, tracked, 60 if quick else 400)
            fanout.measure(report, system, seconds=3 if quick else 8, rounds=1 if quick else 3)
            storm.measure(report, system, nested=2000, flood=20_000 if quick else 40_000)
            weight.measure(report, system, tracked)
        if not quick:
            idle = Path(folder) / "idle"
            generate(idle, _IDLE_FILES)
            with BenchSystem(idle) as system:
                rest.measure(report, system, files=_IDLE_FILES, seconds=30)
