"""Learns the ranking's weights from cases: `python -m orchestra.context.recall.tune --help`."""

import argparse
import multiprocessing
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from orchestra.context.index.chunk_signals import CHUNK_SIGNALS
from orchestra.context.index.corpus import Figures
from orchestra.context.index.measured import Measured, likeliest, score_files, with_nearness
from orchestra.context.index.signals import FILE_SIGNALS, Query, measure
from orchestra.context.index.weights import Weights, shipped_weights
from orchestra.context.recall.cases import Case, load_cases
from orchestra.context.recall.measure import by_repository, slug
from orchestra.context.recall.near_weight import Shares, best_weight, shares_shown
from orchestra.context.recall.past_nearness import open_model
from orchestra.context.recall.replay import Moment, Replay

_CANDIDATES = 400  # files of a case that the file model learns from
_ROUGH = ("body", "names", "path", "history", "history_best", "defined", "source")


@dataclass(frozen=True, slots=True)
class Examples:
    """Figures and answers; `weights` are how much each counts."""

    figures: Figures
    answers: NDArray[np.bool_]
    weights: Figures


def learn(examples: Sequence[Examples], *, ridge: float = 1.0) -> tuple[Figures, float]:
    """Logistic regression by Newton's method on standardised figures: coefficients and bias."""
    figures = np.concatenate([e.figures for e in examples]).astype(np.float64)
    centre, spread = figures.mean(0), figures.std(0) + 1e-9
    columns = np.hstack([(figures - centre) / spread, np.ones((len(figures), 1))])
    found = _fit(columns, examples, np.diag([ridge] * figures.shape[1] + [0.0]))
    coefficients = found[:-1] / spread
    return coefficients.astype(np.float32), float(found[-1] - coefficients @ centre)


def _fit(
    columns: NDArray[np.float64], examples: Sequence[Examples], penalty: NDArray[np.float64]
) -> NDArray[np.float64]:
    answers = np.concatenate([e.answers for e in examples]).astype(np.float64)
    weights = np.concatenate([e.weights for e in examples]).astype(np.float64)
    found = np.zeros(columns.shape[1])
    for _ in range(30):
        likely = 1 / (1 + np.exp(-(columns @ found)))
        slope = columns.T @ (weights * (likely - answers)) + penalty @ found
        curve = (columns * (weights * likely * (1 - likely))[:, None]).T @ columns + penalty
        step = np.linalg.solve(curve, slope)
        found -= step
        if np.abs(step).max() < 1e-6:
            break
    return found


def file_examples(moment: Moment, measured: Measured) -> Examples:
    """The likeliest files by a rough measure, and the ones that were changed."""
    view = moment.corpus.view
    rough = measured.signals.files[:, [FILE_SIGNALS.index(name) for name in _ROUGH]].sum(1)
    gold = {view.numbers[path] for path in moment.case.gold if path in view.numbers}
    order = np.argsort(-np.where(view.alive, rough, -9), kind="stable")[:_CANDIDATES]
    chosen = np.array(sorted({*order.tolist(), *gold}))
    chosen = chosen[view.alive[chosen]]
    share = np.full(len(chosen), _CANDIDATES / len(chosen), np.float32)
    answers = np.isin(chosen, list(gold))
    return Examples(measured.files(moment.corpus)[chosen], answers, share)


def chunk_examples(moment: Moment, measured: Measured, weights: Weights) -> Examples:
    """The chunks of the likeliest files, and whether an edit lies at least half inside each."""
    view = moment.corpus.view
    scores = score_files(moment.corpus, measured, weights)
    likely = likeliest(scores, view.alive)
    numbers, figures = measured.chunks(moment.corpus, scores, likely)
    files = view.chunk_files[numbers]
    answers = np.zeros(len(numbers), bool)
    starts, ends = _spans(moment, numbers)
    for edit in moment.case.edits:
        inside = np.minimum(ends, edit.end) - np.maximum(starts, edit.start) + 1
        here = files == view.numbers.get(edit.path, -1)
        answers |= here & (2 * inside >= edit.end - edit.start + 1)
    return Examples(figures, answers, np.ones(len(numbers), np.float32))


def _spans(
    moment: Moment, numbers: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    parsed = [file for _, file in moment.corpus.view.files]
    starts = np.concatenate([file.starts for file in parsed])
    ends = np.concatenate([file.ends for file in parsed])
    return starts[numbers], ends[numbers]


@dataclass(frozen=True, slots=True)
class Lesson:
    """All that is learned from, by repository."""

    files: Mapping[str, Sequence[Examples]]
    chunks: Mapping[str, Sequence[Examples]]

    def weights(self, without: str = "") -> Weights:
        """The weights that fit every repository but one."""
        files = [e for name, some in self.files.items() if name != without for e in some]
        chunks = [e for name, some in self.chunks.items() if name != without for e in some]
        return Weights(*learn(files), *learn(chunks))


@dataclass(frozen=True, slots=True)
class NearLesson:
    """What the cases of each repository teach about the nearness of chunks.

    One weight is all that some hundred cases bear. It is chosen by what packs would show, not by
    how likely it makes the answers: of that a fit gives half as much, and less is shown.
    """

    chunks: Mapping[str, Sequence[Shares]]

    def weights(self, without: str = "") -> Weights:
        """The shipped weights, and beside them the one that is best for all repositories but one."""
        others = [one for name, some in self.chunks.items() if name != without for one in some]
        near = best_weight(others) if others else 0.0  # of one repository, there are no others
        return shipped_weights().with_nearness({}, {"near": near})


@dataclass(frozen=True, slots=True)
class Past:
    """Where the cases' repositories are, what was parsed of them, and perhaps a model.

    With a model, `plain` holds weights without vectors, learned without one repository each: with
    them it is chosen what the model compares. Without them the shipped ones choose.
    """

    repositories: Path
    cache: Path
    model: Path | None = None
    plain: Path | None = None

    def measured(self, cases: Sequence[Case]) -> Iterator[tuple[Moment, Measured]]:
        """The moment of each case, all of one repository, with its figures."""
        name = slug(cases[0].repository)
        plain = None
        if self.model is not None and self.plain is not None:
            plain = Weights.load((self.plain / f"{name}.json").read_bytes())
        model = open_model(self.model) if self.model else None
        folder, cache = self.repositories / name / "repo", self.cache / f"{name}.sqlite"
        for moment in Replay(folder, cache, plain, model=model).moments(cases):
            yield moment, _measure(moment)
        sys.stderr.write(f"{cases[0].repository}: {len(cases)} cases\n")

    def of_files(self, cases: Sequence[Case]) -> list[Examples]:
        """What the cases of one repository teach about files."""
        return [file_examples(moment, measured) for moment, measured in self.measured(cases)]

    def of_chunks(self, cases: Sequence[Case], rough: Weights) -> list[Examples]:
        """What they teach about the chunks of files that are ranked so."""
        return [chunk_examples(moment, found, rough) for moment, found in self.measured(cases)]

    def of_nearness(self, cases: Sequence[Case]) -> list[Shares]:
        """What would be shown of their edits with each weight of nearness."""
        return [
            shares_shown(moment, found, moment.weights or shipped_weights())
            for moment, found in self.measured(cases)
        ]


def _measure(moment: Moment) -> Measured:
    corpus = moment.corpus
    signals = measure(corpus, Query(moment.case.query))
    if moment.dense is None:
        return Measured(signals)
    weights, nearness = moment.weights or shipped_weights(), moment.dense.nearness
    return with_nearness(corpus, signals, weights, nearness, corpus.view.alive)


def study(cases: Sequence[Case], past: Past, jobs: int) -> Lesson | NearLesson:
    """What the cases teach: first of files, then of the chunks of the files so ranked.

    With a model they teach one thing more, and nothing of the rest: some hundred cases with
    vectors are too few to learn all weights from again.
    """
    groups = by_repository(cases)
    names = [group[0].repository for group in groups]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        if past.model is not None:
            return NearLesson(dict(zip(names, pool.map(past.of_nearness, groups), strict=True)))
        files = dict(zip(names, pool.map(past.of_files, groups), strict=True))
        of_files = learn([example for some in files.values() for example in some])
        rough = Weights(*of_files, np.zeros(len(CHUNK_SIGNALS), np.float32), 0.0)
        chunks = pool.map(past.of_chunks, groups, [rough] * len(groups))
        return Lesson(files, dict(zip(names, chunks, strict=True)))


def some_of_each(cases: Sequence[Case], most: int | None) -> list[Case]:
    """At most so many cases of each repository, the same ones each time, from all of its past."""
    chosen = []
    for group in by_repository(cases):
        count = min(most or len(group), len(group))
        picks = np.linspace(0, len(group) - 1, count).astype(int)
        chosen += [group[n] for n in picks.tolist()]
    return chosen


def main() -> None:
    """Read the arguments, learn, write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=Path, required=True, help="a .jsonl file")
    parser.add_argument("--repos", type=Path, required=True, help="holds OWNER+NAME/repo")
    parser.add_argument("--cache", type=Path, required=True, help="a folder for what was parsed")
    parser.add_argument("--out", type=Path, required=True, help="where to write weights.json")
    parser.add_argument(
        "--apart", type=Path, help="a folder for weights learned without one repository each"
    )
    parser.add_argument(
        "--embedder",
        type=Path,
        help="the folder of a model: learn what its vectors add to the shipped weights",
    )
    parser.add_argument(
        "--plain", type=Path, help="with --embedder: the --apart folder of weights without vectors"
    )
    parser.add_argument("--limit", type=int, help="only so many cases of each repository")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    cases = some_of_each(load_cases(given.cases), given.limit)
    lesson = study(cases, Past(given.repos, given.cache, given.embedder, given.plain), given.jobs)
    given.out.write_bytes(lesson.weights().dump())
    if given.apart:
        given.apart.mkdir(parents=True, exist_ok=True)
        ending = "near.json" if given.embedder else "json"
        for name in lesson.chunks:
            path = given.apart / f"{slug(name)}.{ending}"
            path.write_bytes(lesson.weights(without=name).dump())


if __name__ == "__main__":
    main()
