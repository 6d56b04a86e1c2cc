"""What the cache did, for people: hits by tier, what they saved, and which families are closed."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestra.gateway.cache.semantic.families import Family


@dataclass(frozen=True, slots=True)
class FamilyFigures:
    """One family of calls that may be answered by likeness."""

    name: str
    state: str
    """`open`, or why it is closed: `too few checks`, `too many false hits`."""
    threshold: float | None
    bound: float
    """The share of false hits above the threshold is at most this; 1 where nothing is shown."""
    checks: int
    false_hits: int
    """Among all checks; most of them are below the threshold."""


@dataclass(frozen=True, slots=True)
class CacheFigures:
    """Counted by this process since it started, but for what says otherwise."""

    exact: bool
    semantic: str
    """`on`, or why the tier is off."""
    entries: int
    """In the database, all processes."""
    bytes: int
    memory_entries: int
    memory_bytes: int
    lookups: int
    exact_hits: int
    semantic_hits: int
    saved: int
    """Nano-dollars that the answers given again had cost, as far as that is known."""
    saved_unpriced: int
    """Hits whose answers had a cost that nobody knows."""
    unwritten: int
    shadow_checks: int
    shadow_false: int
    stopped: dict[str, int] = field(default_factory=dict)
    """Looks for a near answer that ended without one, by what stopped them."""
    families: tuple[FamilyFigures, ...] = ()


@dataclass(slots=True)
class Counts:
    """What is counted while the cache works."""

    lookups: int = 0
    exact_hits: int = 0
    semantic_hits: int = 0
    saved: int = 0
    saved_unpriced: int = 0
    shadow_checks: int = 0
    shadow_false: int = 0


def of_families(families: "Iterable[Family]") -> tuple[FamilyFigures, ...]:
    """The families as they are shown."""
    return tuple(
        FamilyFigures(
            name=family.name,
            state=family.calibration.why,
            threshold=family.calibration.threshold,
            bound=family.calibration.bound,
            checks=len(family.checks),
            false_hits=sum(not check.right for check in family.checks),
        )
        for family in families
    )
