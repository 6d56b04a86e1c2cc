"""Token buckets by name, in memory: how much of something a caller has left just now."""

_KEPT = 10_000


class Buckets:
    """Filled at a rate up to a size; the one that was quiet for the longest is forgotten first."""

    def __init__(self) -> None:
        self._levels: dict[str, tuple[float, float]] = {}

    def take(self, name: str, amount: float, *, rate: float, size: float, now: float) -> float:
        """Take an amount; returns 0, or the seconds until there will be enough, and takes nothing.

        What is larger than the bucket can be taken when it is full; it is in debt then.
        """
        level, at = self._levels.pop(name, (size, now))
        level = min(size, level + (now - at) * rate)
        needed = min(amount, size)
        if level < needed:
            self._levels[name] = (level, now)
            return (needed - level) / rate
        if len(self._levels) >= _KEPT:
            del self._levels[next(iter(self._levels))]
        self._levels[name] = (level - amount, now)
        return 0.0

    def correct(self, name: str, amount: float) -> None:
        """Take what was not known when it was asked for, or give back; nobody is asked to wait."""
        if name in self._levels:
            level, at = self._levels[name]
            self._levels[name] = (level - amount, at)
