"""Measures the ways on cases, one repository after another, and sums up."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time

from orchestra.context.index.weights import Weights
from orchestra.context.recall.cases import Case
from orchestra.context.recall.past_nearness import open_model
from orchestra.context.recall.replay import Replay
from orchestra.context.recall.repo_map import NAME, AiderMap
from orchestra.context.recall.scorer import MEASURES, Score, mean, recall_at, score
from orchestra.context.recall.ways import WAYS, WITH_VECTORS, orchestra_with_vectors
from orchestra.shared.errors import NotFound, OrchestraError

_SLOW_CASES = 5  # of each repository


@dataclass(frozen=True, slots=True)
class Result:
    """One case by one way: scores by budget, recall among the first files, seconds of CPU."""

    way: str
    case: Case
    at: dict[int, Score]
    first: dict[int, float]
    tokens: int
    seconds: float


def slug(repository: str) -> str:
    """The name of a repository's folder."""
    return repository.replace("/", "+")


@dataclass(frozen=True, slots=True)
class Work:
    """One repository's cases, and what they are measured with.

    `repositories` holds the clones, `cache` what was parsed of them before, `apart` weights that
    were learned without the repository that they are used on.
    """

    cases: Sequence[Case]
    repositories: Path
    cache: Path
    budgets: Sequence[int]
    apart: Path | None = None
    aider: Path | None = None
    """A Python with `aider-chat`; its map is made for the first few cases, for it takes long."""

    model: Path | None = None
    """The folder of an embedding model; with it, ours is also measured with vectors."""

    def replay(self) -> Replay:
        """The repository's moments.

        Raises:
            NotFound: the repository, or its weights, are not there.
            OrchestraError: the model cannot be used.
        """
        name = slug(self.cases[0].repository)
        plain = self._weights(f"{name}.json")
        return Replay(
            self.repositories / name / "repo",
            self.cache / f"{name}.sqlite",
            plain,
            model=open_model(self.model) if self.model else None,
            near_weights=self._weights(f"{name}.near.json", plain) if self.model else None,
        )

    def _weights(self, name: str, plain: Weights | None = None) -> Weights | None:
        if self.apart is None:
            return None
        path = self.apart / name
        if not path.is_file():
            raise NotFound(
                f"there are no weights `{path}`",
                hint="make them: python -m orchestra.context.recall.tune --apart FOLDER …",
            )
        return Weights.load(path.read_bytes(), plain)


def measure_repository(work: Work) -> list[Result]:
    """The results of one repository's cases.

    Raises:
        NotFound: the repository or a commit of it is not there.
    """
    budgets = work.budgets
    results = []
    slow = 0
    for moment in work.replay().moments(work.cases):
        moment.corpus.links  # noqa: B018 - made once per state of the repository, not per task
        ways = dict(WAYS) | ({WITH_VECTORS: orchestra_with_vectors} if work.model else {})
        if work.aider is not None and slow < _SLOW_CASES:
            ways[NAME], slow = AiderMap(work.aider), slow + 1
        for way, make in ways.items():
            started = process_time()
            contexts = {budget: make(moment, budget) for budget in budgets}
            seconds = (process_time() - started) / len(budgets)
            largest = contexts[max(budgets)]
            results.append(
                Result(
                    way,
                    moment.case,
                    {b: score(moment.case, c.shown) for b, c in contexts.items()},
                    {k: recall_at(moment.case, largest.files, k) for k in (5, 10)},
                    largest.tokens,
                    seconds,
                )
            )
    return results


def try_repository(work: Work) -> "list[Result] | OrchestraError":
    """`measure_repository`, for another process: an error is carried over as a value."""
    try:
        return measure_repository(work)
    except OrchestraError as error:
        return error


def summed_up(results: Sequence[Result]) -> list[dict[str, object]]:
    """A row for each way, for all cases, by repository, and by difficulty."""
    groups: dict[tuple[str, str], list[Result]] = defaultdict(list)
    for result in results:
        for group in ("all", result.case.repository, result.case.difficulty):
            groups[result.way, group].append(result)
    return [_row(way, group, some) for (way, group), some in groups.items()]


def _row(way: str, group: str, results: Sequence[Result]) -> dict[str, object]:
    row: dict[str, object] = {"way": way, "group": group, "cases": len(results)}
    for most in (5, 10):
        row[f"r@{most}"] = round(mean([result.first[most] for result in results]), 4)
    for budget in sorted(results[0].at):
        for name in MEASURES:
            values = [float(getattr(result.at[budget], name)) for result in results]
            row[f"{name}@{_thousands(budget)}"] = round(mean(values), 4)
    times = sorted(result.seconds for result in results)
    row["cpu_p50_ms"] = round(1000 * times[len(times) // 2], 1)
    row["tokens_max"] = max(result.tokens for result in results)
    return row


def _thousands(budget: int) -> str:
    return f"{budget // 1000}k" if budget % 1000 == 0 else str(budget)


def by_repository(cases: Iterable[Case]) -> list[list[Case]]:
    """The cases of each repository, the one with most cases first."""
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        groups[case.repository].append(case)
    return sorted(groups.values(), key=len, reverse=True)
