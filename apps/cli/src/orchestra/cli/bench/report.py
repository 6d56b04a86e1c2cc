"""The document that every benchmark prints: rows, targets, machine, date and commit."""

import os
import platform
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import typer
from orchestra.cli.output import print_json, say, table
from orchestra.shared.settings import child_environment


@dataclass(frozen=True, slots=True)
class Target:
    """What was promised, and what was measured. `peer` and `ratio` are of the same run."""

    id: str
    value: float | None
    unit: str
    target: float
    better: Literal["lower", "higher"]
    peer: str | None = None
    ratio: float | None = None

    @property
    def met(self) -> bool:
        """Whether the promise is kept; what could not be measured is not."""
        if self.value is None:
            return False
        return self.value <= self.target if self.better == "lower" else self.value >= self.target


@dataclass(slots=True)
class Report:
    """What a benchmark gathers while it runs."""

    rows: list[dict[str, object]] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)

    @staticmethod
    def say(text: str) -> None:
        """Tell the person who waits how it goes."""
        say(f"  {text}")

    def row(self, what: str, **figures: object) -> None:
        """Keep one measurement, and tell the person who waits."""
        self.rows.append({"what": what, **figures})
        say(f"  {what}: " + ", ".join(f"{k}={_figure(v)}" for k, v in figures.items()))

    def target(self, target: Target) -> None:
        """Keep one promise and what came of it."""
        self.targets.append(target)


Measure = Callable[[Report, bool], None]


def run(name: str, measure: Measure, *, quick: bool, as_json: bool) -> None:
    """Measure, print, and leave with 1 when a target is missed."""
    say(f"measuring {name}{' (quick)' if quick else ''} …")
    report = Report()
    measure(report, quick)
    document = {
        "name": name,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "commit": commit(),
        "quick": quick,
        "rows": report.rows,
        "targets": [asdict(target) | {"met": target.met} for target in report.targets],
    }
    if as_json:
        print_json(document)
    else:
        typer.echo("\n".join(_table(report)))
    if not all(target.met for target in report.targets):
        raise typer.Exit(1)


def machine() -> dict[str, object]:
    """What it was measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    return {
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": memory,
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
    }


def commit() -> str | None:
    """The commit of the code that was measured, when it is a checkout."""
    answer = subprocess.run(
        ["git", "rev-parse", "HEAD"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        env=child_environment(),
        check=False,
    )
    return answer.stdout.strip() or None


def percentile(values: list[float], share: float) -> float:
    """The value below which that share of the values lies; of none it is not a number."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    if path.exists():
        for line in path.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def _figure(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _table(report: Report) -> list[str]:
    rows = [
        [
            "met" if t.met else "MISSED",
            t.id,
            "?" if t.value is None else f"{t.value:.4g} {t.unit}",
            f"{'≤' if t.better == 'lower' else '≥'} {t.target:g} {t.unit}",
            t.peer or "",
            "" if t.ratio is None else f"{t.ratio:.2f}×",
        ]
        for t in report.targets
    ]
    return table(["", "TARGET", "MEASURED", "PROMISED", "PEER", "RATIO"], rows)
