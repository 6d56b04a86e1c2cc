"""How much speaks for an answer: how many of the nearest prompts got it, and how near they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from orchestra.gateway.cache.semantic.guards import GUARDS, difference
from orchestra.gateway.cache.semantic.sameness import same

NEAREST = 10
"""Candidates that are looked at."""
AGREED = 5
"""So many nearest with one answer show that a word more or less changes nothing."""
_HARD = tuple(name for name in GUARDS if name != "edit")
"""What stops a pair even where they do: of a number, a name or a `not` nothing was shown."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A kept prompt near the one that was asked, with its answer."""

    key: bytes
    prompt: str
    answer: str
    cosine: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """The candidate whose answer may serve, and what speaks for it."""

    candidate: Candidate
    support: int
    """How many are nearer than the first with another answer."""
    score: float
    """The support, and behind the point how near the nearest is."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """No candidate may serve; `guard` is what stopped the nearest."""

    guard: str


def judge(prompt: str, candidates: Sequence[Candidate]) -> Verdict | Refusal:
    """What the nearest candidates, best first, say about a prompt."""
    if not candidates:
        return Refusal("nothing near")
    nearest = candidates[0]
    few = candidates[:NEAREST]
    agreeing = list(takewhile(lambda one: same(one.answer, nearest.answer), few))
    support = len(agreeing)
    guards = _HARD if support >= AGREED else tuple(GUARDS)
    stopped = ""
    for one in agreeing:
        guard = difference(prompt, one.prompt, guards=guards)
        if guard is None:
            near = min(max(nearest.cosine, 0.0), 0.9999)
            return Verdict(one, support, support + near)
        stopped = stopped or guard
    return Refusal(stopped)
