"""Finds the few places that hold a name exactly as a question writes it, whatever else they are."""

from orchestra.context.index.corpus import Corpus
from orchestra.context.index.ranking import RankedChunk
from orchestra.context.index.words import identifiers, number

MOST = 10
"""Places; a name that is held by more is left to the ranking."""

_FEW = 20 * MOST  # places that are looked at one by one
_SHORTEST = 3  # characters


def places_of_names(corpus: Corpus, text: str, under: str = "") -> list[RankedChunk]:
    """The places of each rare name of a question; the rarer the name, the likelier its places."""
    view = corpus.view
    found: dict[int, float] = {}
    for name in names_of(text):
        holding = view.body.holding(number(name.strip("_$").lower()))
        holding = holding[view.alive[view.chunk_files[holding]]]
        if len(holding) > _FEW:
            continue
        chunks = holding.tolist()
        chunks = [c for c in chunks if view.files[view.chunk_files[c]][0].startswith(under)]
        for chunk in chunks if len(chunks) <= MOST else ():
            found[chunk] = max(found.get(chunk, 0.0), round(1 / len(chunks), 5))
    places = []
    for chunk in sorted(found, key=lambda chunk: (-found[chunk], chunk)):
        path, parsed = view.files[view.chunk_files[chunk]]
        at = chunk - int(view.first_chunks[view.chunk_files[chunk]])
        lines = int(parsed.starts[at]), int(parsed.ends[at])
        places.append(RankedChunk(path, *lines, int(parsed.tokens[at]), found[chunk], True))
    return places


def names_of(text: str) -> list[str]:
    """The names of a question that look like names in code; or its only word."""
    words = text.split()
    names = words if len(words) == 1 else identifiers(text)
    return [name for name in names if len(name) >= _SHORTEST][:20]
