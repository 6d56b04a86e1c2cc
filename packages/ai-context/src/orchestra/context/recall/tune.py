"""Learns the ranking's weights from cases: `python -m orchestra.context.recall.tune --help`."""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from orchestra.context.index.chunk_signals import CHUNK_SIGNALS, measure_chunks
from orchestra.context.index.corpus import Figures
from orchestra.context.index.ranking import CONSIDERED, Weights, score_files
from orchestra.context.index.signals import FILE_SIGNALS, Query, Signals, measure
from orchestra.context.recall.cases import Case, load_cases
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
    answers = np.concatenate([e.answers for e in examples]).astype(np.float64)
    weights = np.concatenate([e.weights for e in examples]).astype(np.float64)
    centre, spread = figures.mean(0), figures.std(0) + 1e-9
    columns = np.hstack([(figures - centre) / spread, np.ones((len(figures), 1))])
    penalty = np.diag([ridge] * figures.shape[1] + [0.0])
    found = np.zeros(columns.shape[1])
    for _ in range(30):
        likely = 1 / (1 + np.exp(-(columns @ found)))
        slope = columns.T @ (weights * (likely - answers)) + penalty @ found
        curve = (columns * (weights * likely * (1 - likely))[:, None]).T @ columns + penalty
        step = np.linalg.solve(curve, slope)
        found -= step
        if np.abs(step).max() < 1e-6:
            break
    coefficients = found[:-1] / spread
    return coefficients.astype(np.float32), float(found[-1] - coefficients @ centre)


def file_examples(moment: Moment, signals: Signals) -> Examples:
    """The likeliest files by a rough measure, and the ones that were changed."""
    view = moment.corpus.view
    rough = signals.files[:, [FILE_SIGNALS.index(name) for name in _ROUGH]].sum(1)
    gold = {view.numbers[path] for path in moment.case.gold if path in view.numbers}
    order = np.argsort(-np.where(view.alive, rough, -9), kind="stable")[:_CANDIDATES]
    chosen = np.array(sorted({*order.tolist(), *gold}))
    chosen = chosen[view.alive[chosen]]
    share = np.full(len(chosen), _CANDIDATES / len(chosen), np.float32)
    return Examples(signals.files[chosen], np.isin(chosen, list(gold)), share)


def chunk_examples(moment: Moment, signals: Signals, weights: Weights) -> Examples:
    """The chunks of the likeliest files, and whether an edit lies at least half inside each."""
    view = moment.corpus.view
    scores = score_files(moment.corpus, signals, weights)
    order = np.argsort(-scores, kind="stable")[:CONSIDERED]
    numbers, figures = measure_chunks(view, signals, scores, order[view.alive[order]].tolist())
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


def study(cases: Sequence[Case], repositories: Path, cache: Path) -> Lesson:
    """What the cases teach: first of files, then of the chunks of the files so ranked."""
    names = sorted({case.repository for case in cases})
    files: dict[str, list[Examples]] = {name: [] for name in names}
    chunks: dict[str, list[Examples]] = {name: [] for name in names}
    for moment, signals in _measured(cases, repositories, cache):
        files[moment.case.repository].append(file_examples(moment, signals))
    of_files = learn([example for some in files.values() for example in some])
    rough = Weights(*of_files, np.zeros(len(CHUNK_SIGNALS), np.float32), 0.0)
    for moment, signals in _measured(cases, repositories, cache):
        chunks[moment.case.repository].append(chunk_examples(moment, signals, rough))
    return Lesson(files, chunks)


def _measured(
    cases: Sequence[Case], repositories: Path, cache: Path
) -> Iterator[tuple[Moment, Signals]]:
    for name in sorted({case.repository for case in cases}):
        slug = name.replace("/", "+")
        replay = Replay(repositories / slug / "repo", cache / f"{slug}.sqlite")
        mine = [case for case in cases if case.repository == name]
        for moment in replay.moments(mine):
            yield moment, measure(moment.corpus, Query(moment.case.query))
        sys.stderr.write(f"{name}: {len(mine)} cases\n")


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
    given = parser.parse_args()
    lesson = study(load_cases(given.cases), given.repos, given.cache)
    given.out.write_bytes(lesson.weights().dump())
    if given.apart:
        given.apart.mkdir(parents=True, exist_ok=True)
        for name in lesson.files:
            path = given.apart / f"{name.replace('/', '+')}.json"
            path.write_bytes(lesson.weights(without=name).dump())


if __name__ == "__main__":
    main()
