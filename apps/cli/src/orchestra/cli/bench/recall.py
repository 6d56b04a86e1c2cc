"""`orchestra bench recall`: does the context for a task hold what the real change then edited?"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestra.cli.bench.report import Report, Target
from orchestra.shared.errors import Unavailable
from orchestra.shared.settings import inherited_environment

_OURS, _PEER = "Orchestra", "BM25, chunks, identifiers split, tests demoted"
_WITH_VECTORS = "Orchestra, vectors"
_QUICK_CASES = 3  # of each repository

# What is promised for the default, without a model, of repositories that nothing was tuned on.
_PROMISED = (
    ("all", "file@{whole}", 0.94),
    ("all", "file@{half}", 0.88),
    ("all", "edit@{whole}", 0.76),
    ("all", "all@{whole}", 0.88),
    ("hard", "file@{whole}", 0.92),
)
_PROMISED_WITH_VECTORS = (
    ("all", "file@{whole}", 0.96),
    ("all", "file@{half}", 0.90),
    ("all", "edit@{whole}", 0.82),
    ("all", "all@{whole}", 0.92),
    ("hard", "file@{whole}", 0.95),
)


@dataclass(frozen=True, slots=True)
class RecallBench:
    """What to measure on: cases, the repositories that they are of, and a budget in tokens."""

    cases: Path
    repositories: Path
    budget: int
    cache: Path | None
    limit: int | None
    apart: Path | None
    aider: Path | None
    embedder: Path | None = None

    def measure(self, report: Report, quick: bool) -> None:
        """Every way on every case, summed up.

        Raises:
            Unavailable: the measurement fails; it has said why on stderr.
        """
        rows = self._rows(_QUICK_CASES if quick else self.limit)
        for row in rows:
            name = f"{row.pop('way')}, {row.pop('group')}"
            report.row(name, **row)
        if self.aider is None:
            report.row("Aider repo map: not measured, --aider names no Python that has it")
        whole, half = _thousands(self.budget), _thousands(self.budget // 2)
        ways = [(_OURS, _PROMISED)]
        if self.embedder is None:
            report.row("with vectors: not measured, --embedder names no model")
        else:
            ways.append((_WITH_VECTORS, _PROMISED_WITH_VECTORS))
        for way, promises in ways:
            for group, form, promised in promises:
                measure = form.format(whole=whole, half=half)
                report.target(_target(report.rows, way, group, measure, promised))

    def _rows(self, limit: int | None) -> list[dict[str, Any]]:
        command = [sys.executable, "-m", "orchestra.context.recall"]
        command += ["--cases", str(self.cases), "--repos", str(self.repositories)]
        command += ["--budget", str(self.budget)]
        command += ["--cache", str(self.cache)] if self.cache else []
        command += ["--apart", str(self.apart)] if self.apart else []
        command += ["--aider", str(self.aider)] if self.aider else []
        command += ["--embedder", str(self.embedder)] if self.embedder else []
        command += ["--limit", str(limit)] if limit else []
        done = subprocess.run(
            command, stdout=subprocess.PIPE, env=inherited_environment({}), check=False
        )
        if done.returncode != 0:
            raise Unavailable("recall could not be measured", hint="see what is said above")
        rows: list[dict[str, Any]] = json.loads(done.stdout)["rows"]
        return rows


def _target(
    rows: Sequence[Mapping[str, object]], way: str, group: str, measure: str, promised: float
) -> Target:
    found = {str(row["what"]): row.get(measure) for row in rows}
    ours, peer = found.get(f"{way}, {group}"), found.get(f"{_PEER}, {group}")
    value = float(ours) if isinstance(ours, float) else None
    ratio = value / peer if value is not None and isinstance(peer, float) and peer else None
    name = measure if group == "all" else f"{measure}, {group} cases"
    title = "context recall with vectors" if way == _WITH_VECTORS else "context recall"
    return Target(f"{title}, {name}", value, "", promised, "higher", _PEER, ratio)


def _thousands(budget: int) -> str:
    return f"{budget // 1000}k" if budget % 1000 == 0 else str(budget)
