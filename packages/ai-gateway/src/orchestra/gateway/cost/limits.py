"""How often a key may call, for how many tokens, and how many calls at once; per process."""

from collections.abc import Callable
from math import ceil

from orchestra.gateway.cost.config import LimitSection, LimitsSection
from orchestra.gateway.cost.errors import RateLimited
from orchestra.shared.buckets import Buckets

_MINUTE = 60.0  # seconds


class Limits:
    """Counts what is under way; refuses what is too much."""

    def __init__(self, section: LimitsSection, clock: Callable[[], float]) -> None:
        self._section = section
        self._clock = clock
        self._requests = Buckets()
        self._tokens = Buckets()
        self._under_way: dict[str, int] = {}

    def enter(self, key_id: str, principal: str, tokens: int) -> None:
        """Let a call of about so many tokens in; `leave` is called when it is over.

        Raises:
            RateLimited: not now; it says which limit and how long to wait.
        """
        limit = self._section.of(key_id, principal)
        under_way = self._under_way.get(key_id, 0)
        if limit.at_once is not None and under_way >= limit.at_once:
            raise RateLimited(
                f"{under_way} calls of this key are under way, and no more are allowed at once",
                hint="wait for one to end, or let an administrator raise `at_once` in [limits]",
            )
        self._rates(key_id, limit, tokens)
        self._under_way[key_id] = under_way + 1

    def leave(self, key_id: str, expected: int, used: int) -> None:
        """The call is over, and used so many tokens instead of those that were expected."""
        under_way = self._under_way.get(key_id, 1) - 1
        if under_way > 0:
            self._under_way[key_id] = under_way
        else:
            self._under_way.pop(key_id, None)
        self._tokens.correct(key_id, used - expected)

    def _rates(self, key_id: str, limit: LimitSection, tokens: int) -> None:
        now = self._clock()
        if most := limit.requests_per_minute:
            wait = self._requests.take(key_id, 1, rate=most / _MINUTE, size=most, now=now)
            if wait:
                raise _limited(most, "calls", wait)
        if most := limit.tokens_per_minute:
            wait = self._tokens.take(key_id, tokens, rate=most / _MINUTE, size=most, now=now)
            if wait:
                raise _limited(most, "tokens", wait)


def _limited(most: int, what: str, wait: float) -> RateLimited:
    seconds = max(1, ceil(wait))
    return RateLimited(
        f"more than {most} {what} per minute come from this key; the next is due in {seconds} s",
        hint=f"wait, or let an administrator raise `{what if what == 'tokens' else 'requests'}"
        "_per_minute` in [limits] of the gateway's configuration",
        retry_after=seconds,
    )
