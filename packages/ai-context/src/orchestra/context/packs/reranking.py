"""Lets somebody who can read put the best places of a ranking into a better order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from orchestra.context.index.ranking import RankedChunk, RankedFile, Ranking
from orchestra.shared.errors import OrchestraError

CANDIDATES = 24
"""How many places are put in order."""
_OF_A_FILE = 3
_LONGEST = 1_600  # characters of a place that are read


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place that may be meant by a task. Its text is the repository's: data."""

    path: str
    start: int
    end: int
    text: str


class Reranker(Protocol):
    """Who puts candidates in order."""

    async def order(self, task: str, candidates: Sequence[Candidate]) -> Sequence[int]:
        """The places of the candidates in the list, the best first; those left out come after.

        Raises:
            OrchestraError: it cannot be said.
        """


def likeliest_places(ranking: Ranking) -> list[RankedChunk]:
    """The places that are worth a second look: the likeliest, at most three of a file."""
    taken: dict[str, int] = {}
    chosen = []
    for chunk in ranking.chunks:
        taken[chunk.path] = taken.get(chunk.path, 0) + 1
        if taken[chunk.path] <= _OF_A_FILE:
            chosen.append(chunk)
        if len(chosen) == CANDIDATES:
            break
    return chosen


async def rerank(
    ranking: Ranking, task: str, texts: Mapping[str, str], reranker: Reranker
) -> tuple[Ranking, str]:
    """The ranking with its best places in another order, and what is to be said of that.

    When nobody can say, it stays as it was.
    """
    places = [chunk for chunk in likeliest_places(ranking) if chunk.path in texts]
    lines = {path: text.split("\n") for path, text in texts.items()}
    candidates = [
        Candidate(
            chunk.path,
            chunk.start,
            chunk.end,
            "\n".join(lines[chunk.path][chunk.start - 1 : chunk.end])[:_LONGEST],
        )
        for chunk in places
    ]
    if len(candidates) < 2:
        return ranking, "not ranked again: there is nothing to choose between"
    try:
        order = await reranker.order(task, candidates)
    except OrchestraError as error:
        return ranking, f"not ranked again: {error.message}"
    return _in_order(ranking, places, order), "a model put the likeliest places in order"


def _in_order(ranking: Ranking, places: Sequence[RankedChunk], order: Sequence[int]) -> Ranking:
    """The same likelihoods and scores, given to other places and files."""
    wanted = [places[n] for n in dict.fromkeys((*order, *range(len(places))))]
    likelihoods = sorted((chunk.likelihood for chunk in places), reverse=True)
    given = dict(zip(wanted, likelihoods, strict=True))
    chunks = [replace(c, likelihood=given[c]) if c in given else c for c in ranking.chunks]
    chunks.sort(key=lambda chunk: -chunk.likelihood)
    return Ranking(_files_in_order(ranking.files, wanted), tuple(chunks))


def _files_in_order(
    files: Sequence[RankedFile], wanted: Sequence[RankedChunk]
) -> tuple[RankedFile, ...]:
    by_path = {file.path: file for file in files}
    first = [by_path[path] for path in dict.fromkeys(chunk.path for chunk in wanted)]
    scores = iter(sorted((file.score for file in first), reverse=True))
    moved = {file.path: replace(file, score=next(scores)) for file in first}
    return tuple(sorted((moved.get(f.path, f) for f in files), key=lambda file: -file.score))
