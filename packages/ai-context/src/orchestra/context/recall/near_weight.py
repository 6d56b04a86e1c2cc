"""Chooses how much the nearness of a chunk weighs: so that packs show most of what was edited."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from orchestra.context.index.measured import Measured, likeliest, score_files
from orchestra.context.index.nearness import NEAR_CHUNK_SIGNALS
from orchestra.context.index.ranking import RankedChunk, RankedFile, Ranking
from orchestra.context.index.weights import Weights
from orchestra.context.packs.excerpts import by_worth, choose
from orchestra.context.recall.replay import Moment
from orchestra.context.recall.scorer import score

TRIED = (0.0, 0.15, 0.25, 0.35, 0.5, 0.6, 0.7, 0.85, 1.0, 1.3, 1.7)
"""The weights that are tried."""

_BUDGETS = (5_500, 8_000, 12_000, 14_000, 17_000)  # tokens of code; one alone is a matter of luck
_NEAR = NEAR_CHUNK_SIGNALS.index("near")

Shares = NDArray[np.float64]
"""For each weight that is tried, which share of a case's edited places would be shown."""


def shares_shown(moment: Moment, measured: Measured, plain: Weights) -> Shares:
    """The shares of one case; `plain` are the weights without nearness."""
    corpus, added = moment.corpus, plain.with_nearness({}, {})
    scores = score_files(corpus, measured, added)
    order = likeliest(scores, corpus.view.alive)
    numbers, figures = measured.chunks(corpus, scores, order)
    odds = (figures * added.chunks).sum(axis=1) + np.float32(added.chunks_bias)
    near = figures[:, figures.shape[1] - len(NEAR_CHUNK_SIGNALS) + _NEAR]
    files = tuple(RankedFile(corpus.view.files[n][0], float(scores[n]), ()) for n in order)
    shares = []
    for weight in TRIED:
        likelihood = 1 / (1 + np.exp(-(odds + np.float32(weight) * near)))
        chunks = _chunks(moment, numbers, likelihood)
        shares.append(_share(moment, Ranking(files, chunks)))
    return np.array(shares)


def best_weight(shares: Sequence[Shares]) -> float:
    """The weight that shows most on average over the cases."""
    return TRIED[int(np.argmax(np.nanmean(np.stack(shares), axis=0)))]


def _chunks(
    moment: Moment, numbers: NDArray[np.int64], likelihood: NDArray[np.float32]
) -> list[RankedChunk]:
    view = moment.corpus.view
    of = view.chunk_files[numbers].tolist()
    places = (numbers - view.first_chunks[of]).tolist()
    chunks = []
    for file, place, likely in zip(of, places, likelihood.tolist(), strict=True):
        path, parsed = view.files[file]
        lines = int(parsed.starts[place]), int(parsed.ends[place])
        chunks.append(RankedChunk(path, *lines, int(parsed.tokens[place]), likely, True))
    return chunks


def _share(moment: Moment, ranking: Ranking) -> float:
    edits, worth = [], by_worth(ranking)
    for budget in _BUDGETS:
        shown = {chosen.file.path: chosen.ranges() for chosen in choose(worth, budget)}
        edits.append(score(moment.case, shown).edit)
    return float(np.mean(edits))
