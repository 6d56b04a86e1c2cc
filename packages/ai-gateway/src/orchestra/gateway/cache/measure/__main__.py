"""`python -m orchestra.gateway.cache.measure`: prints one JSON document of rows."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
from orchestra.gateway.cache.measure.costs import exact_costs, semantic_costs
from orchestra.gateway.cache.measure.data import Labelled, Pair, halves, load_labelled, load_pairs
from orchestra.gateway.cache.measure.stream import (
    Floats,
    Outcome,
    by_cosine,
    by_verdict,
    served,
    shadowed,
)
from orchestra.gateway.cache.semantic.calibration import calibrate, upper_bound
from orchestra.gateway.cache.semantic.guards import difference
from orchestra.gateway.cache.semantic.verifier import Candidate
from orchestra.shared.errors import OrchestraError
from orchestra.vectors import Embedder
from orchestra.vectors.embedders.hashing import HashingEmbedder

PLAIN = 0.95
"""The cosine from which on most caches answer."""
_LEVEL = 0.05
Row = dict[str, object]


def main() -> None:
    """Measure; progress goes to stderr."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labelled", type=Path, required=True)
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--embedder", type=Path, help="the folder of an embedding model")
    parser.add_argument("--target", type=float, default=0.01)
    parser.add_argument("--orders", type=int, default=3, help="random orders of the prompts")
    parser.add_argument("--most", type=int, help="only so many prompts")
    given = parser.parse_args()
    try:
        rows = asyncio.run(_measured(given))
    except OrchestraError as error:
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(1) from None
    sys.stdout.buffer.write(msgspec.json.encode({"rows": rows}) + b"\n")


async def _measured(given: argparse.Namespace) -> list[Row]:
    labelled, pairs = load_labelled(given.labelled), load_pairs(given.pairs)
    rows: list[Row] = []
    for embedder in _embedders(given.embedder):
        name = "hashing" if isinstance(embedder, HashingEmbedder) else "model"
        _say(f"{name}: vectors of {len(labelled)} prompts")
        vectors = await embedder.embed([row.prompt for row in labelled], "query")
        thresholds = []
        for seed in range(given.orders):
            ours, plain, threshold = _streamed(labelled, vectors, given, seed)
            thresholds.append(threshold)
            rows += [
                {"what": f"{name}, order {seed + 1}", **ours},
                {"what": f"{name}, order {seed + 1}, cosine {PLAIN}", **plain},
            ]
            _say(f"{name}: order {seed + 1} done")
        rows += await _paired(name, pairs, embedder, thresholds)
        costs = await semantic_costs(labelled, vectors, embedder)
        rows.append({"what": f"{name}, cost of a look-up", **costs})
    rows.append({"what": "exact, cost of a look-up", **await exact_costs()})
    return rows


def _embedders(folder: Path | None) -> list[Embedder]:
    found: list[Embedder] = [HashingEmbedder()]
    if folder is not None:
        from orchestra.vectors.embedders.onnx import OnnxEmbedder

        found.append(OnnxEmbedder(folder))
    return found


def _streamed(
    labelled: Sequence[Labelled], vectors: Floats, given: argparse.Namespace, seed: int
) -> tuple[Row, Row, float | None]:
    first, second = halves(labelled, seed, given.most)
    calibration = calibrate(shadowed(labelled, vectors, first), given.target, 1 - _LEVEL)
    ours = served(labelled, vectors, second, by_verdict(calibration.threshold))
    plain = served(labelled, vectors, second, by_cosine(PLAIN))
    facts: Row = {
        "state": calibration.why,
        "checks": calibration.checks,
        "threshold": calibration.threshold,
        "passed": calibration.passed,
        "bound": calibration.bound,
    }
    return facts | _figures(ours), _figures(plain), calibration.threshold


def _figures(outcome: Outcome) -> Row:
    """The last is how large the share of false hits may be, by what was seen of them."""
    return {
        "prompts": outcome.prompts,
        "hits": outcome.hits,
        "false": outcome.false,
        "hit_rate": outcome.hit_rate,
        "false_share": outcome.false_share,
        "false_at_most": upper_bound(outcome.false, outcome.hits, _LEVEL),
    }


async def _paired(
    name: str, pairs: Sequence[Pair], embedder: Embedder, thresholds: Sequence[float | None]
) -> list[Row]:
    """Which pairs are accepted, each the one way and the other; several thresholds: by any."""
    left = await embedder.embed([pair.a for pair in pairs], "query")
    right = await embedder.embed([pair.b for pair in pairs], "query")
    cosines = (left * right).sum(axis=1).tolist()
    decisions = [by_verdict(threshold) for threshold in thresholds]

    def tier(asked: str, kept: str, cosine: float) -> bool:
        near = [Candidate(b"", kept, "the answer", cosine)]
        return any(decide(asked, near) is not None for decide in decisions)

    def plain(_asked: str, _kept: str, cosine: float) -> bool:
        return cosine >= PLAIN

    def guarded(asked: str, kept: str, cosine: float) -> bool:
        return cosine >= PLAIN and difference(asked, kept) is None

    def guards(asked: str, kept: str, _cosine: float) -> bool:
        return difference(asked, kept) is None

    rows: list[Row] = []
    for way, accepts in (
        ("the tier", tier),
        (f"cosine {PLAIN}", plain),
        (f"cosine {PLAIN} and guards", guarded),
        ("guards alone", guards),
    ):
        taken = {True: 0, False: 0}
        for pair, cosine in zip(pairs, cosines, strict=True):
            taken[pair.same] += accepts(pair.a, pair.b, cosine) or accepts(pair.b, pair.a, cosine)
        alike = sum(pair.same for pair in pairs)
        rows.append(
            {
                "what": f"{name}, pairs, {way}",
                "edits": len(pairs) - alike,
                "edits_accepted": taken[False] / max(1, len(pairs) - alike),
                "paraphrases": alike,
                "paraphrases_accepted": taken[True] / max(1, alike),
            }
        )
    return rows


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    main()
