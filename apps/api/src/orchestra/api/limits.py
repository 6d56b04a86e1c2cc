"""How often one caller may call: a token bucket per key, in memory."""

import asyncio
from math import ceil

from orchestra.shared.buckets import Buckets
from orchestra.shared.errors import TooManyRequests


class RateLimits:
    """The same rate for every caller."""

    def __init__(self, rate: float, burst: float) -> None:
        """`rate` in requests per second, sustained; `burst` requests at once."""
        self._rate = rate
        self._burst = burst
        self._buckets = Buckets()

    def take(self, caller: str) -> None:
        """Use one request of the caller's.

        Raises:
            TooManyRequests: there is none left; it says after how many seconds there will be.
        """
        now = asyncio.get_running_loop().time()
        wait = self._buckets.take(caller, 1, rate=self._rate, size=self._burst, now=now)
        if wait:
            raise TooManyRequests(
                f"more than {self._rate:g} requests per second come from this key",
                hint="wait, or use GET /api/v1/context/stream, which pushes what changes",
                retry_after=max(1, ceil(wait)),
            )
