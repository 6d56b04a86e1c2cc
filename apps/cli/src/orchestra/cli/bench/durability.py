"""`orchestra bench durability`: kill -9 of everything, while events are written and files saved."""

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from orchestra.cli.bench.killer import Kill, Killer
from orchestra.cli.bench.report import Report, Target, percentile
from orchestra.cli.bench.repository import count_untracked, generate
from orchestra.cli.bench.system import BenchSystem
from orchestra.cli.bench.writers import Losses, Writers
from orchestra.shared.errors import Unavailable

_FILES = 500
_WRITERS = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was left after all kills."""

    kills: list[Kill]
    losses: Losses
    failures: int
    longest_wait: float  # seconds that a writer had to wait for an acknowledgement
    saves: int
    files_lost: int
    orphans: list[str]


def endure(kills: int, told: Callable[[Kill], None] = lambda _: None) -> Outcome:
    """Run a system, kill parts of it so many times, look at what is left, end it.

    Raises:
        Unavailable: it did not come back after a kill, or this is not Linux.
    """
    if sys.platform != "linux":
        raise Unavailable("this benchmark runs on Linux only", hint="run it in a container")
    with tempfile.TemporaryDirectory(prefix="orchestra-bench-repository-") as folder:
        repository = Path(folder) / "repository"
        generate(repository, _FILES)
        with BenchSystem(repository) as system:
            with Writers(system, _WRITERS) as writers:
                done = Killer(system, kills).run(told)
            losses = writers.losses()
            seen = system.consistent()["counts"]["untracked"]
            files_lost = abs(count_untracked(repository) - seen)
            orphans = system.stop()
    return Outcome(
        kills=done,
        losses=losses,
        failures=sum(writer.failures for writer in writers.writers),
        longest_wait=max(writer.longest_wait for writer in writers.writers),
        saves=writers.saves,
        files_lost=files_lost,
        orphans=orphans,
    )


def measure(report: Report, quick: bool) -> None:
    """Rows for each victim and for what was left, and what is promised of both."""
    outcome = endure(10 if quick else 40, lambda k: report.say(f"{k.victim}: {k.back_after:.2f} s"))
    times: dict[str, list[float]] = {}
    for kill in outcome.kills:
        times.setdefault(kill.victim, []).append(kill.back_after)
    for victim, found in sorted(times.items()):
        p50, most = percentile(found, 0.5), max(found)
        report.row(f"kill -9 of {victim}", kills=len(found), ready_p50_s=p50, ready_max_s=most)
    losses = outcome.losses
    report.row(
        "events",
        acknowledged=losses.acknowledged,
        lost=losses.lost,
        doubled=losses.doubled,
        stored_unacknowledged=losses.stored_unacknowledged,
        broken_streams=len(losses.broken_streams),
        failed_requests=outcome.failures,
        longest_wait_s=outcome.longest_wait,
    )
    report.row("files", saved=outcome.saves, lost=outcome.files_lost)
    report.row("after SIGINT", orphans=outcome.orphans)
    slowest = max(kill.back_after for kill in outcome.kills)
    for id, value, unit, target in (
        ("acknowledged events lost or doubled", losses.lost + losses.doubled, "events", 0),
        ("streams with a gap or a broken chain", len(losses.broken_streams), "streams", 0),
        ("saved files lost", outcome.files_lost, "files", 0),
        ("slowest return after a kill", slowest, "s", 5),
        ("processes left after the end", len(outcome.orphans), "processes", 0),
    ):
        report.target(Target(id, value, unit, target, "lower"))
