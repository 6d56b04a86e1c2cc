"""What a model's tokens cost, and the sum for one call, in whole numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestra.gateway.calls import Usage


@dataclass(frozen=True, slots=True)
class Rates:
    """Pico-dollars for each token of a kind, and for each call besides."""

    input: int
    cached: int
    cache_written: int
    cache_written_long: int
    output: int
    reasoning: int
    call: int = 0

    def cost(self, usage: Usage) -> int:
        """Nano-dollars for a usage, rounded up. What is counted twice by mistake is not taken off."""
        cached, written = usage.cached, usage.cache_written
        long, reasoning = usage.cache_written_long, usage.reasoning
        pico = (
            max(0, usage.input - cached - written) * self.input
            + cached * self.cached
            + max(0, written - long) * self.cache_written
            + long * self.cache_written_long
            + max(0, usage.output - reasoning) * self.output
            + reasoning * self.reasoning
            + self.call
        )
        return -(-pico // 1000)

    def most(self, tokens_in: int, tokens_out: int) -> int:
        """The most that so many tokens can cost, in nano-dollars, whatever their kind."""
        dearest_in = max(self.input, self.cached, self.cache_written, self.cache_written_long)
        pico = tokens_in * dearest_in + tokens_out * max(self.output, self.reasoning) + self.call
        return -(-pico // 1000)


@dataclass(frozen=True, slots=True)
class Card:
    """The prices of a model at a provider, and where they are from."""

    origin: str
    rates: Rates
    above: tuple[tuple[int, Rates], ...] = ()
    """From more than so many input tokens, these hold for all tokens; the least number first."""
    tiers: Mapping[str, "Card"] = field(default_factory=dict)
    """Of other service tiers, by name."""
    window: int | None = None
    """How many tokens of input the model takes."""
    until: float | None = None
    """When other prices hold, as a POSIX time."""

    def at(self, tokens_in: int) -> Rates:
        """The rates of a call with so many input tokens."""
        found = self.rates
        for start, rates in self.above:
            if tokens_in <= start:
                break
            found = rates
        return found

    def cost(self, usage: Usage) -> int:
        """Nano-dollars for a usage, at the tier that it names when that has prices of its own."""
        card = self.tiers.get(usage.tier, self) if usage.tier else self
        return card.at(usage.input).cost(usage)

    def most(self, tokens_in: int, tokens_out: int, *, any_tier: bool = False) -> int:
        """The most that such a call can cost; with `any_tier`, at the dearest tier."""
        if self.window is not None:
            tokens_in = min(tokens_in, self.window)
        found = self.at(tokens_in).most(tokens_in, tokens_out)
        if any_tier:
            for card in self.tiers.values():
                found = max(found, card.at(tokens_in).most(tokens_in, tokens_out))
        return found
