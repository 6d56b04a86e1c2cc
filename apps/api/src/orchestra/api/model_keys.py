"""Whose key it is, for a door that is asked thousands of times a second with the same few."""

import time

from orchestra.api.limits import RateLimits
from orchestra.shared.errors import Unauthenticated
from orchestra.shared.identity import Caller, Identity

_KNOWN_FOR = 1.0  # seconds; a revocation is heard of sooner, an end of life is noticed by then
_MOST = 10_000


class ModelKeys:
    """Remembers a key for a moment, so that its checksum and digest are not worked out each time."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._known: dict[str, tuple[float, Caller]] = {}
        self._failures = RateLimits(rate=200, burst=2000)
        self.close = identity.on_revoked(lambda _key: self._known.clear())

    async def __call__(self, key: str, peer: str) -> Caller:
        """The caller that a key stands for; `peer` is where it came from.

        Raises:
            Unauthenticated: it is no good key.
            TooManyRequests: too many that are none come from there.
        """
        known = self._known.get(key)
        now = time.monotonic()
        if known is not None and known[0] > now:
            return known[1]
        try:
            caller = await self._identity.check_key(key)
        except Unauthenticated:
            self._failures.take(peer)
            raise
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[key] = (now + _KNOWN_FOR, caller)
        return caller
