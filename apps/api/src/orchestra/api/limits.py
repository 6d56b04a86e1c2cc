"""How often one caller may call: a token bucket per key, in memory."""

import asyncio
from math import ceil

from orchestra.shared.errors import TooManyRequests

_CALLERS = 10_000  # buckets kept


class RateLimits:
    """Buckets by caller; the one that was quiet for the longest is forgotten first."""

    def __init__(self, rate: float, burst: float) -> None:
        """`rate` in requests per second, sustained; `burst` requests at once."""
        self._rate = rate
        self._burst = burst
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, caller: str) -> None:
        """Use one request of the caller's.

        Raises:
            TooManyRequests: there is none left; it says after how many seconds there will be.
        """
        now = asyncio.get_running_loop().time()
        level, at = self._buckets.pop(caller, (self._burst, now))
        level = min(self._burst, level + (now - at) * self._rate)
        if level < 1:
            self._buckets[caller] = (level, now)
            wait = max(1, ceil((1 - level) / self._rate))
            raise TooManyRequests(
                f"more than {self._rate:g} requests per second come from this key",
                hint="wait, or use GET /api/v1/context/stream, which pushes what changes",
                retry_after=wait,
            )
        if len(self._buckets) >= _CALLERS:
            del self._buckets[next(iter(self._buckets))]
        self._buckets[caller] = (level - 1, now)
