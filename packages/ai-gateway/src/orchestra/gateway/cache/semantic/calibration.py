"""From which score on a near answer may be given, so that few of those given are wrong.

Learn, then test: thresholds are tried from the strictest on, and each must show, by the exact upper
bound of Clopper and Pearson, that the share of wrong answers above it is at most the target. The
first that cannot ends the row, so that no chance is given to luck by trying many. Several rows begin
at different places, each with its part of the allowed error. Where none shows it, there is no
threshold, and nothing is answered by likeness.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

_ROWS = 5
_STEP = 1.1  # each threshold lets so many times as many through as the one before it
_ROW_STEP = 1.25
_PRUDENCE = 2
"""So many times the fewest checks that could show the target: traffic is never quite a fair draw."""
_HALVINGS = 60

Why = Literal["open", "too few checks", "too many false hits"]


@dataclass(frozen=True, slots=True)
class Check:
    """A would-be hit whose right answer is known: its score, and whether it was right."""

    score: float
    right: bool


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a scope's checks allow."""

    why: Why
    checks: int
    threshold: float | None = None
    """Answers with at least this score may be given; None for none."""
    passed: int = 0
    """Checks at or above the threshold."""
    false: int = 0
    """Of those, wrong ones."""
    bound: float = 1.0
    """The share of wrong answers is at most this, as surely as was asked for."""

    @property
    def is_open(self) -> bool:
        """Whether anything may be answered by likeness."""
        return self.threshold is not None


def fewest(target: float, confidence: float) -> int:
    """How many checks it takes, all but a few of them right."""
    return _PRUDENCE * math.ceil(math.log((1 - confidence) / _ROWS) / math.log1p(-target))


def calibrate(checks: Sequence[Check], target: float, confidence: float) -> Calibration:
    """The lowest threshold that keeps to the target, or why there is none."""
    least, level = fewest(target, confidence), (1 - confidence) / _ROWS
    if len(checks) < least:
        return Calibration("too few checks", len(checks))
    ordered = sorted(checks, key=lambda check: (-check.score, check.right))
    false = [0]
    for check in ordered:
        false.append(false[-1] + (not check.right))
    best: tuple[int, float] | None = None
    for row in range(_ROWS):
        for passed in _places(ordered, math.ceil(least * _ROW_STEP**row)):
            bound = upper_bound(false[passed], passed, level)
            if bound > target:
                break
            best = max(best or (0, 1.0), (passed, bound))
    if best is None:
        return Calibration("too many false hits", len(checks))
    passed, bound = best
    return Calibration("open", len(checks), ordered[passed - 1].score, passed, false[passed], bound)


def _places(ordered: Sequence[Check], first: int) -> Sequence[int]:
    """How many checks pass each threshold that is tried; equal scores pass together."""
    places, place = [], float(first)
    while place <= len(ordered):
        end = math.floor(place)
        while end < len(ordered) and ordered[end].score == ordered[end - 1].score:
            end += 1
        places.append(end)
        place = max(end + 1, place * _STEP)
    return places


def upper_bound(false: int, trials: int, level: float) -> float:
    """The largest share of errors with which so few are seen with a probability of `level`."""
    if false >= trials:
        return 1.0
    low, high = false / trials, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _at_most(false, trials, middle) > level:
            low = middle
        else:
            high = middle
    return high


def _at_most(false: int, trials: int, share: float) -> float:
    """The probability of at most so many errors among so many trials."""
    if share <= 0.0 or share >= 1.0:
        return 1.0 if share <= 0.0 else 0.0
    log, rest = math.log(share), math.log1p(-share)
    whole = math.lgamma(trials + 1)
    terms = (
        whole - math.lgamma(k + 1) - math.lgamma(trials - k + 1) + k * log + (trials - k) * rest
        for k in range(false + 1)
    )
    return math.fsum(math.exp(term) for term in terms)
