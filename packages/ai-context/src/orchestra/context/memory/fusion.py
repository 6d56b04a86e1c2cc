"""Makes one order of several: reciprocal rank fusion."""

from collections.abc import Mapping, Sequence

from orchestra.context.memory.note import Way

_DAMPING = 60  # the constant of the method: how little the very first places count


def fuse(orders: Mapping[Way, Sequence[str]]) -> list[tuple[str, float, tuple[Way, ...]]]:
    """Each id with its score and the orders it is in, best first; ties by id."""
    scores: dict[str, float] = {}
    ways: dict[str, tuple[Way, ...]] = {}
    for way, order in orders.items():
        for place, id in enumerate(order, start=1):
            scores[id] = scores.get(id, 0.0) + 1 / (_DAMPING + place)
            ways[id] = (*ways.get(id, ()), way)
    return [(id, scores[id], ways[id]) for id in sorted(scores, key=lambda id: (-scores[id], id))]
