"""Scores a context against what the real change edited."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan

from orchestra.context.recall.cases import Case, Place

Shown = Mapping[str, Sequence[tuple[int, int]]]
"""For each path the ranges of lines that a context holds."""

MEASURES = ("file", "edit", "fn", "all")


@dataclass(frozen=True, slots=True)
class Score:
    """Shares of one case; not a number where there is nothing to find.

    `file`: gold files of which any line is shown. `edit`: changed places of which at least half
    the lines are shown. `fn`: changed functions shown at least in part. `all`: 1 when every gold
    file is shown.
    """

    file: float
    edit: float
    fn: float
    all: float


def score(case: Case, shown: Shown) -> Score:
    """The score of a context."""
    found = [bool(shown.get(path)) for path in case.gold]
    edits = [2 * _lines(shown, place) >= place.end - place.start + 1 for place in case.edits]
    functions = [_lines(shown, place) > 0 for place in case.functions]
    return Score(_share(found), _share(edits), _share(functions), float(all(found)))


def recall_at(case: Case, files: Sequence[str], most: int) -> float:
    """The share of gold files among the first `most`."""
    return _share([path in files[:most] for path in case.gold])


def mean(values: Sequence[float]) -> float:
    """The mean of those that are numbers; of none it is not a number."""
    known = [value for value in values if value == value]  # noqa: PLR0124 - not a number
    return sum(known) / len(known) if known else nan


def _lines(shown: Shown, place: Place) -> int:
    """How many lines of a place are shown; ranges may overlap."""
    lines: set[int] = set()
    for start, end in shown.get(place.path, ()):
        lines.update(range(max(start, place.start), min(end, place.end) + 1))
    return len(lines)


def _share(answers: Sequence[bool]) -> float:
    return sum(answers) / len(answers) if answers else nan
