"""Calls to a service again when it was busy or away; only calls that may be made twice."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from orchestra.shared.errors import OrchestraError

T = TypeVar("T")


class Transient(Exception):
    """A failure that may pass; `error` is what the caller gets when it does not.

    `after` is for how many seconds the service asked to be left alone.
    """

    def __init__(self, error: OrchestraError, after: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.after = after


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a call is made at most, and how long is waited between: twice as long each time."""

    attempts: int = 4
    first: float = 0.5  # seconds
    most: float = 20.0  # seconds, also when the service asks for more

    async def __call__(self, call: Callable[[], Awaitable[T]]) -> T:
        """What the call returns.

        Raises:
            OrchestraError: it failed for good, or too often.
        """
        for attempt in range(1, self.attempts + 1):
            try:
                return await call()
            except Transient as failure:
                wait = min(self._wait(attempt, failure.after), self.most)
                if attempt == self.attempts or (failure.after or 0) > self.most:
                    raise failure.error from failure
            await asyncio.sleep(wait)
        raise AssertionError("a retry has at least one attempt")

    def _wait(self, attempt: int, after: float | None) -> float:
        grown = self.first * float(2 ** (attempt - 1))
        return (after or grown) + random.uniform(0, grown / 2)  # noqa: S311 - spreads callers, no secret
