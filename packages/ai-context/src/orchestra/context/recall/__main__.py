"""`python -m orchestra.context.recall`: the measurement behind `orchestra bench recall`."""

import argparse
import multiprocessing
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from pathlib import Path

import orjson
from orchestra.context.recall.cases import load_cases
from orchestra.context.recall.measure import Result, Work, by_repository, summed_up, try_repository
from orchestra.shared.errors import OrchestraError


def main() -> None:
    """Measure and print one JSON document; progress goes to stderr."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--repos", type=Path, required=True)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--apart", type=Path)
    parser.add_argument("--aider", type=Path)
    parser.add_argument("--embedder", type=Path, help="the folder of an embedding model")
    parser.add_argument("--budget", type=int, default=16_000)
    parser.add_argument("--limit", type=int, help="only so many cases of each repository")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    try:
        rows = _measure(given)
    except OrchestraError as error:
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(1) from None
    sys.stdout.buffer.write(orjson.dumps({"rows": rows}) + b"\n")


def _measure(given: argparse.Namespace) -> list[dict[str, object]]:
    groups = [group[: given.limit] for group in by_repository(load_cases(given.cases))]
    budgets = sorted({given.budget // 2, given.budget})
    with ExitStack() as stack:
        cache = given.cache or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        work = [
            Work(group, given.repos, cache, budgets, given.apart, given.aider, given.embedder)
            for group in groups
        ]
        context = multiprocessing.get_context("spawn")
        pool = stack.enter_context(ProcessPoolExecutor(given.jobs, mp_context=context))
        results: list[Result] = []
        for done in as_completed([pool.submit(try_repository, one) for one in work]):
            some = done.result()
            if isinstance(some, OrchestraError):
                raise some
            results += some
            sys.stderr.write(f"{some[0].case.repository}: {len(some)} results\n")
        return summed_up(results)


if __name__ == "__main__":
    main()
