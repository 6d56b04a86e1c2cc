"""Cases of context recall: a task in words, and what the real change then edited."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson
from orchestra.shared.errors import Invalid, NotFound


@dataclass(frozen=True, slots=True)
class Place:
    """Lines of a file, counted from 1 as they were before the change, both included."""

    path: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Case:
    """One commit. `gold` are the files that it changed; its task is known at `parent`."""

    id: str
    repository: str
    parent: str
    date: str
    query: str
    difficulty: str
    gold: tuple[str, ...]
    edits: tuple[Place, ...]
    functions: tuple[Place, ...]


def load_cases(path: Path) -> list[Case]:
    """The cases of a JSON-lines file.

    Raises:
        NotFound: there is no such file.
        Invalid: a line is no case; the message names it.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise NotFound(
            f"the cases `{path}` cannot be read: {error.strerror}", hint="give a .jsonl file"
        ) from None
    cases = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                cases.append(_case(orjson.loads(line)))
            except (ValueError, KeyError, TypeError) as error:
                raise Invalid(
                    f"`{path}`, line {number}: not a case ({type(error).__name__}: {error})",
                    hint="each line is an object with id, repo, parent, query, gold, gold_spans",
                ) from None
    return cases


def _case(fields: Mapping[str, object]) -> Case:
    spans = fields["gold_spans"]
    if not isinstance(spans, dict):
        raise TypeError("`gold_spans` is no object")
    edits = [Place(p, *lines) for p, span in spans.items() for lines in span["lines"]]
    functions = [
        Place(p, start, end) for p, span in spans.items() for _, start, end in span["functions"]
    ]
    gold = fields["gold"]
    if not isinstance(gold, Sequence) or not gold:
        raise TypeError("`gold` is no list of files")
    return Case(
        str(fields["id"]),
        str(fields["repo"]),
        str(fields["parent"]),
        str(fields.get("date", "")),
        str(fields["query"]),
        str(fields.get("difficulty", "hard")),
        tuple(map(str, gold)),
        tuple(edits),
        tuple(functions),
    )
