"""Prompts one after another through one scope: what would be given from it, and what was wrong."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from orchestra.gateway.cache.measure.data import Labelled
from orchestra.gateway.cache.semantic.calibration import Check
from orchestra.gateway.cache.semantic.verifier import NEAREST, Candidate, Verdict, judge

Floats = npt.NDArray[np.float32]
Decide = Callable[[str, Sequence[Candidate]], Candidate | None]
"""The candidate whose answer is given; None for a miss."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How often a stream was answered from the cache, and how often wrongly."""

    prompts: int
    hits: int
    false: int

    @property
    def hit_rate(self) -> float:
        """Of all prompts."""
        return self.hits / self.prompts if self.prompts else 0.0

    @property
    def false_share(self) -> float:
        """Of the hits."""
        return self.false / self.hits if self.hits else 0.0


class Scope:
    """The kept prompts of one scope, compared with every one."""

    def __init__(self, rows: Sequence[Labelled], vectors: Floats) -> None:
        self._rows = rows
        self._vectors = vectors
        self._kept: list[int] = []
        self._matrix = np.zeros_like(vectors)

    def keep(self, place: int) -> None:
        """Keep a prompt with its answer."""
        self._matrix[len(self._kept)] = self._vectors[place]
        self._kept.append(place)

    def nearest(self, place: int) -> list[Candidate]:
        """The nearest kept prompts, best first."""
        number = len(self._kept)
        cosines = self._matrix[:number] @ self._vectors[place]
        few = min(NEAREST, number)
        best = np.argpartition(-cosines, few - 1)[:few] if few else np.zeros(0, dtype=np.int64)
        found = []
        for at in best[np.argsort(-cosines[best], kind="stable")].tolist():
            row = self._rows[self._kept[at]]
            found.append(Candidate(b"", row.prompt, row.label, float(cosines[at])))
        return found


def shadowed(rows: Sequence[Labelled], vectors: Floats, order: Sequence[int]) -> list[Check]:
    """What a closed tier learns: each prompt asks the model, and each would-be hit is a check."""
    scope, checks = Scope(rows, vectors), []
    for place in order:
        verdict = judge(rows[place].prompt, scope.nearest(place))
        if isinstance(verdict, Verdict):
            right = verdict.candidate.answer == rows[place].label
            checks.append(Check(verdict.score, right))
        scope.keep(place)
    return checks


def served(
    rows: Sequence[Labelled], vectors: Floats, order: Sequence[int], decide: Decide
) -> Outcome:
    """A stream that begins with an empty cache; what was a miss is kept."""
    scope = Scope(rows, vectors)
    hits = false = 0
    for place in order:
        given = decide(rows[place].prompt, scope.nearest(place))
        if given is None:
            scope.keep(place)
        else:
            hits += 1
            false += given.answer != rows[place].label
    return Outcome(len(order), hits, false)


def by_cosine(threshold: float) -> Decide:
    """What most caches do: the nearest prompt's answer, if it is near enough."""

    def decide(_prompt: str, candidates: Sequence[Candidate]) -> Candidate | None:
        near = bool(candidates) and candidates[0].cosine >= threshold
        return candidates[0] if near else None

    return decide


def by_verdict(threshold: float | None) -> Decide:
    """What the semantic tier does with a calibrated threshold; without one, nothing."""

    def decide(prompt: str, candidates: Sequence[Candidate]) -> Candidate | None:
        if threshold is None:
            return None
        verdict = judge(prompt, candidates)
        passed = isinstance(verdict, Verdict) and verdict.score >= threshold
        return verdict.candidate if passed and isinstance(verdict, Verdict) else None

    return decide
