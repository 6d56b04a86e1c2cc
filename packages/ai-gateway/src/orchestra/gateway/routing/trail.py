"""What happened to a call so far; in the end, its outcome."""

from collections.abc import Callable

from orchestra.gateway.calls import Attempt, CacheHit, Finish, Outcome, Usage
from orchestra.gateway.routing.failures import Fault
from orchestra.gateway.routing.target import Target


class Trail:
    """Filled in while a call is served, so that it is true whenever the call ends."""

    __slots__ = (
        "_began",
        "_time",
        "attempts",
        "cache",
        "detail",
        "finish",
        "first_token",
        "received",
        "route",
        "status",
        "target",
        "usage",
    )

    def __init__(self, time: Callable[[], float]) -> None:
        self._time = time
        self._began = time()
        self.attempts: list[Attempt] = []
        self.detail: dict[str, str] = {}
        self.cache: CacheHit | None = None
        self.route: str | None = None
        self.target: Target | None = None
        """Who answers, once that is known."""
        self.status = 0
        self.finish: Finish = "error"
        self.usage: Usage | None = None
        self.received = 0
        self.first_token: float | None = None

    def tried(
        self, target: Target, seconds: float, fault: Fault | None, status: int | None = None
    ) -> None:
        """An attempt has ended."""
        error = None if fault is None else fault.word
        status = status if fault is None else fault.status
        self.attempts.append(Attempt(target.provider, target.model, status, error, seconds))

    def token(self) -> None:
        """The first token of the answer is there."""
        self.first_token = self._time() - self._began

    def outcome(self) -> Outcome:
        """What came of it, as far as it has come."""
        target = self.target
        return Outcome(
            provider=None if target is None else target.provider,
            model=None if target is None else target.model,
            status=self.status,
            finish=self.finish,
            usage=self.usage,
            attempts=tuple(self.attempts),
            cache=self.cache,
            route=self.route,
            received=self.received,
            seconds=self._time() - self._began,
            first_token_seconds=self.first_token,
            detail=self.detail,
        )
