"""The ways to make a context that are compared: ours, plain BM25, and what an oracle would show."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from orchestra.context.index.corpus import Corpus, Figures
from orchestra.context.index.ranking import Dense, rank
from orchestra.context.index.roles import Role
from orchestra.context.index.signals import Query
from orchestra.context.index.words import numbers, query_words
from orchestra.context.packs.packer import pack
from orchestra.context.recall.replay import Moment
from orchestra.context.recall.scorer import Shown

_K1, _B = 1.2, 0.75
_HEAD = 20  # tokens that naming a file or a range takes


@dataclass(frozen=True, slots=True)
class Context:
    """What a way shows within a budget, and its order of files."""

    shown: Shown
    files: Sequence[str]
    tokens: int


Way = Callable[[Moment, int], Context]


def orchestra(moment: Moment, budget: int) -> Context:
    """Our pack, as an agent gets it without a model."""
    return _packed(moment, budget, None)


def orchestra_with_vectors(moment: Moment, budget: int) -> Context:
    """Our pack where an embedding model is configured."""
    return _packed(moment, budget, moment.dense)


def _packed(moment: Moment, budget: int, dense: Dense | None) -> Context:
    corpus, source, task = moment.corpus, moment.source, moment.case.query
    ranking = rank(corpus, Query(task), moment.weights, dense=dense)
    made = pack(corpus, source, task, budget, ranking=ranking)
    shown: dict[str, list[tuple[int, int]]] = {}
    for item in made.items:
        if item.kind in ("code", "outline") and item.path:
            shown.setdefault(item.path, []).extend(item.ranges)
    return Context(shown, made.files, made.tokens)


def bm25_files(moment: Moment, budget: int) -> Context:
    """Whole files by BM25 over the file, tests and documents after the rest."""
    corpus = moment.corpus
    view = corpus.view
    source = corpus.is_role(Role.SOURCE)
    lengths = np.bincount(view.chunk_files, view.body.lengths, len(view.files))
    norm = _K1 * (1 - _B + _B * lengths / max(float(lengths[view.alive].mean()), 1.0))
    scores = np.zeros(len(view.files))
    for word in _words(moment):
        chunks, counts = view.body.holding_counts(word)
        count = np.bincount(view.chunk_files[chunks], counts, len(view.files)) * view.alive
        found = int((count > 0).sum())
        rarity = np.log1p((len(view) - found + 0.5) / (found + 0.5))
        scores += rarity * count * (_K1 + 1) / (count + norm)
    order = _alive(corpus, (scores * (0.5 + 0.5 * source)).astype(np.float32))
    return _fill(corpus, ((file, None) for file in order), order, budget)


def bm25_chunks(moment: Moment, budget: int) -> Context:
    """Chunks by BM25, identifiers split, tests and documents after the rest."""
    corpus = moment.corpus
    scores = corpus.view.body.score(_words(moment))
    source = corpus.is_role(Role.SOURCE)[corpus.view.chunk_files]
    alive = corpus.view.alive[corpus.view.chunk_files]
    ranked = np.argsort(-np.where(alive, scores * (0.5 + 0.5 * source), -1), kind="stable")
    ranked = ranked[alive[ranked] & (scores[ranked] > 0)]
    files = list(dict.fromkeys(corpus.view.chunk_files[ranked].tolist()))
    firsts = corpus.view.first_chunks
    pieces = (
        (int(corpus.view.chunk_files[c]), int(c - firsts[corpus.view.chunk_files[c]]))
        for c in ranked
    )
    return _fill(corpus, pieces, files, budget)


def oracle(moment: Moment, budget: int) -> Context:
    """The chunks that hold the edits, as far as they fit: what no ranking can exceed."""
    corpus, case = moment.corpus, moment.case
    pieces: list[tuple[int, int | None]] = []
    for path in case.gold:
        number = corpus.view.numbers.get(path)
        if number is None:
            continue
        parsed = corpus.view.files[number][1]
        wanted = {
            place
            for edit in case.edits
            if edit.path == path
            for place in range(parsed.chunks)
            if parsed.starts[place] <= edit.end and parsed.ends[place] >= edit.start
        }
        pieces += [(number, place) for place in sorted(wanted) or range(min(1, parsed.chunks))]
    files = list(dict.fromkeys(number for number, _ in pieces))
    return _fill(corpus, pieces, files, budget)


WITH_VECTORS = "Orchestra, vectors"
WAYS: dict[str, Way] = {
    "Orchestra": orchestra,
    "BM25, whole files, tests demoted": bm25_files,
    "BM25, chunks, identifiers split, tests demoted": bm25_chunks,
    "oracle": oracle,
}


def _words(moment: Moment) -> list[int]:
    return numbers(query_words(moment.case.query))


def _alive(corpus: Corpus, scores: Figures) -> list[int]:
    order = np.argsort(-np.where(corpus.view.alive, scores, -1), kind="stable")
    return [int(n) for n in order if corpus.view.alive[n] and scores[n] > 0]


def _fill(
    corpus: Corpus, pieces: Iterable[tuple[int, int | None]], files: Sequence[int], budget: int
) -> Context:
    """Take pieces in order until the next one does not fit, which is cut to what does."""
    shown: dict[str, list[tuple[int, int]]] = {}
    used = 0
    for file, place in pieces:
        path, parsed = corpus.view.files[file]
        tokens = int(parsed.tokens.sum() if place is None else parsed.tokens[place])
        first, last = (
            (1, parsed.lines)
            if place is None
            else (
                int(parsed.starts[place]),
                int(parsed.ends[place]),
            )
        )
        if not tokens:
            continue
        left = budget - used - _HEAD
        if tokens > left:
            last = first + int((last - first + 1) * max(left, 0) / tokens) - 1
        if last >= first:
            shown.setdefault(path, []).append((first, last))
        used += _HEAD + min(tokens, max(left, 0))
        if tokens > left:
            break
    return Context(shown, [corpus.view.files[n][0] for n in files], used)
