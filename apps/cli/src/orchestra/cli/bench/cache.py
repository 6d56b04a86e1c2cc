"""`orchestra bench cache`: how often a near answer is given, and how often it is the wrong one."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from orchestra.cli.bench.report import Report, Target
from orchestra.shared.errors import Unavailable
from orchestra.shared.settings import inherited_environment

_PLAIN = "cosine 0.95"
_FALSE_HITS = 0.01  # of the hits, and of the minimal edits that are accepted
_HIT_MICROSECONDS = 100.0
_QUICK_PROMPTS = 2_000
_MODEL, _HASHING = "model", "hashing"


@dataclass(frozen=True, slots=True)
class CacheBench:
    """What to measure on: labelled prompts, pairs of them, and a model for vectors."""

    labelled: Path
    pairs: Path
    embedder: Path | None = None

    def measure(self, report: Report, quick: bool) -> None:
        """A stream of prompts in random orders, one half of each calibrated on, the other reported.

        Raises:
            Unavailable: the measurement fails; it has said why on stderr.
        """
        rows = self._rows(quick)
        for row in rows:
            report.row(row.pop("what"), **row)
        kinds = [_HASHING] if self.embedder is None else [_HASHING, _MODEL]
        if self.embedder is None:
            report.row("with a model: not measured, --embedder names none")
        for kind in kinds:
            for target in _promises(kind, report.rows):
                report.target(target)
        hit = _figure(report.rows, "exact, cost of a look-up", "hit_us")
        report.target(
            Target("exact hit, CPU", hit, "µs", _HIT_MICROSECONDS, "lower"),
        )

    def _rows(self, quick: bool) -> list[dict[str, Any]]:
        command = [sys.executable, "-m", "orchestra.gateway.cache.measure"]
        command += ["--labelled", str(self.labelled), "--pairs", str(self.pairs)]
        command += ["--embedder", str(self.embedder)] if self.embedder else []
        command += ["--most", str(_QUICK_PROMPTS), "--orders", "1"] if quick else []
        done = subprocess.run(
            command, stdout=subprocess.PIPE, env=inherited_environment({}), check=False
        )
        if done.returncode != 0:
            raise Unavailable("the cache could not be measured", hint="see what is said above")
        rows: list[dict[str, Any]] = json.loads(done.stdout)["rows"]
        return rows


def _promises(kind: str, rows: Sequence[Mapping[str, object]]) -> list[Target]:
    """What is promised of the tier with one embedder; the peer is a plain threshold in this run.

    A hit rate is promised with a model alone: without one, `no safe threshold` may be the answer.
    """
    ours = [r for r in rows if str(r["what"]).startswith(f"{kind}, order") and "state" in r]
    plain = [r for r in rows if str(r["what"]).startswith(f"{kind}, order") and "state" not in r]
    false, plain_false = _share(ours, "false", "hits"), _share(plain, "false", "hits")
    rate, plain_rate = _share(ours, "hits", "prompts"), _share(plain, "hits", "prompts")
    tier, peer = f"{kind}, pairs, the tier", f"{kind}, pairs, {_PLAIN}"
    edits, plain_edits = (_figure(rows, what, "edits_accepted") for what in (tier, peer))
    targets = [
        _target(f"{kind}: false hits, of all hits", false, _FALSE_HITS, "lower", plain_false),
        _target(f"{kind}: minimal edits accepted", edits, _FALSE_HITS, "lower", plain_edits),
        _target(
            f"{kind}: minimal edits past the guards alone",
            _figure(rows, f"{kind}, pairs, guards alone", "edits_accepted"),
            _FALSE_HITS,
            "lower",
            plain_edits,
        ),
    ]
    if kind == _MODEL:
        least = plain_rate if plain_rate is not None else 0.0
        targets.append(_target(f"{kind}: hits, of all prompts", rate, least, "higher", plain_rate))
    return targets


def _target(
    name: str,
    value: float | None,
    promised: float,
    better: Literal["lower", "higher"],
    peer: float | None,
) -> Target:
    ratio = value / peer if value is not None and peer else None
    return Target(name, value, "", promised, better, _PLAIN, ratio)


def _share(rows: Sequence[Mapping[str, Any]], part: str, whole: str) -> float | None:
    total = sum(row[whole] for row in rows)
    return sum(row[part] for row in rows) / total if total else (0.0 if rows else None)


def _figure(rows: Sequence[Mapping[str, object]], what: str, name: str) -> float | None:
    found = next((row.get(name) for row in rows if row["what"] == what), None)
    return float(found) if isinstance(found, int | float) else None
