"""What the gateway asks of its other parts: to keep accounts, and to remember answers."""

from collections.abc import Sequence
from typing import Protocol

from orchestra.gateway.calls import Answer, Cost, Hit, ModelCall, Outcome, Reservation
from orchestra.gateway.routing.target import Target


class Accounts(Protocol):
    """Who may spend what. Nothing here waits for a disk or a network in the common case."""

    async def reserve(self, call: ModelCall, plan: Sequence[Target]) -> Reservation:
        """Set aside what the call may cost at most.

        Raises:
            OrchestraError: a budget or a rate is used up (402 or 429).
        """
        ...

    def settle(self, reservation: Reservation, call: ModelCall, outcome: Outcome) -> Cost:
        """Book what the call took instead; called once for each reservation, whatever came of it."""
        ...


class Answers(Protocol):
    """Kept answers."""

    async def find(self, call: ModelCall, plan: Sequence[Target]) -> Hit | None:
        """A kept answer that serves for this call; None at once where none is looked for."""
        ...

    def keep(self, call: ModelCall, answer: Answer) -> None:
        """Take an answer that was given whole; the cache decides whether to keep it."""
        ...

    def observe(self, call: ModelCall, answer: Answer) -> None:
        """Compare an answer with the one that would have served (a shadow check)."""
        ...


class NoAccounts:
    """Everybody may spend, and nobody counts."""

    async def reserve(self, _call: ModelCall, _plan: Sequence[Target]) -> Reservation:
        """Set nothing aside."""
        return Reservation()

    def settle(self, _reservation: Reservation, _call: ModelCall, outcome: Outcome) -> Cost:
        """What the provider said that it took, if it said so."""
        if outcome.usage is None or outcome.usage.cost is None:
            return Cost(None, "unknown")
        return Cost(outcome.usage.cost, "provider")


class NoAnswers:
    """Nothing is kept."""

    async def find(self, _call: ModelCall, _plan: Sequence[Target]) -> Hit | None:
        """Nothing."""
        return None

    def keep(self, _call: ModelCall, _answer: Answer) -> None:
        """Forget it."""

    def observe(self, _call: ModelCall, _answer: Answer) -> None:
        """Compare it with nothing."""
