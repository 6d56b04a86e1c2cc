"""Labelled prompts, as files hold them."""

import csv
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestra.shared.errors import Invalid


@dataclass(frozen=True, slots=True)
class Labelled:
    """A prompt, and what stands for its answer."""

    prompt: str
    label: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two prompts, and whether one answer does for both."""

    a: str
    b: str
    same: bool


def load_labelled(path: Path) -> list[Labelled]:
    """Rows of a CSV with the columns `text` and `intent` (or `category`).

    Raises:
        Invalid: it is not such a file.
    """
    with _opened(path).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    column = "intent" if rows and "intent" in rows[0] else "category"
    if not rows or "text" not in rows[0] or column not in rows[0]:
        raise Invalid(f"`{path}` has no columns `text` and `intent`", hint="give a CSV with both")
    return [Labelled(row["text"], row[column]) for row in rows]


def load_pairs(path: Path) -> list[Pair]:
    """Lines of JSON, each {"a", "b", "same"}.

    Raises:
        Invalid: a line is something else.
    """
    found = []
    for number, line in enumerate(_opened(path).read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            given = json.loads(line)
            found.append(Pair(str(given["a"]), str(given["b"]), bool(given["same"])))
        except (ValueError, KeyError, TypeError):
            raise Invalid(
                f"line {number} of `{path}` is no pair", hint='write {"a": …, "b": …, "same": …}'
            ) from None
    if not found:
        raise Invalid(f"`{path}` holds no pairs", hint='write {"a": …, "b": …, "same": …} a line')
    return found


def halves(rows: Sequence[Labelled], seed: int, most: int | None) -> tuple[list[int], list[int]]:
    """The places of the rows in a random order: one half to calibrate on, one to report on."""
    order = list(range(len(rows)))
    random.Random(seed).shuffle(order)  # noqa: S311 - the same order each time
    order = order[:most]
    middle = len(order) // 2
    return order[:middle], order[middle:]


def _opened(path: Path) -> Path:
    if not path.is_file():
        raise Invalid(f"`{path}` is no file", hint="give the path of the labelled data")
    return path
