"""What one process may still spend of one budget, without asking the database."""

from dataclasses import dataclass

from orchestra.gateway.cost.budget import Counter

_PART = 50  # of a budget, that a process takes at once
_QUIET = 2.0  # seconds without a call, after which a process gives back what it does not need


@dataclass(slots=True)
class Meter:
    """A lease, and what is done with it. All in nano-dollars.

    `lease` is what the database counts as this process's; of that, `held` is set aside for calls
    under way and `charged` was spent and is not yet written down.
    """

    counter: Counter
    limit: int
    lease: int = 0
    held: int = 0
    charged: int = 0
    returning: int = 0
    """Of an earlier lease, to be given back with the next write."""
    used_at: float = 0.0
    refused_at: float = -1.0
    """When the database last had nothing to give."""
    left: int = 0
    """What was left of the budget then, for anybody, apart from what is held."""
    others: int = 0
    """What processes held of it then."""

    @property
    def free(self) -> int:
        """What the next call can have."""
        return self.lease - self.held - self.charged

    @property
    def slice(self) -> int:
        """What is asked for beyond the need, so that the next calls need not ask."""
        return self.limit // _PART

    @property
    def idle(self) -> bool:
        """Whether nothing is left to be done with it."""
        return self.lease <= 0 and not (self.held or self.charged or self.returning)

    def take(self, amount: int, now: float) -> bool:
        """Set an amount aside, if it is there."""
        if self.lease - self.held - self.charged < amount:
            return False
        self.held += amount
        self.used_at = now
        return True

    def give_back(self, amount: int) -> None:
        """What was set aside is not needed: the call did not begin."""
        self.held -= amount

    def charge(self, amount: int, spent: int) -> None:
        """A call is over for which an amount was set aside; it took another."""
        self.held -= amount
        self.charged += spent

    def surplus(self, now: float) -> int:
        """What other processes should have."""
        free = self.free
        if free <= 0:
            return 0
        if now - self.used_at >= _QUIET:
            return free
        return max(0, free - 2 * self.slice)

    def let_go(self) -> None:
        """Another limit holds: what is free has to be asked for again."""
        free = max(0, self.free)
        self.returning += free
        self.lease -= free
        self.refused_at = -1.0

    def give_up(self, now: float) -> int:
        """What is given back with the next write."""
        surplus = self.surplus(now)
        self.lease -= surplus
        released, self.returning = surplus + self.returning, 0
        return released

    def booked(self, spent: int) -> None:
        """So much of what was charged is written down now, and the lease is shorter by it."""
        self.charged -= spent
        self.lease = max(0, self.lease - spent)
