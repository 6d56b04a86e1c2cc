"""What a call may cost at most, and what it did cost and who says so."""

from collections.abc import Callable, Sequence

from orchestra.gateway.calls import Attempt, Cost, ModelCall, Outcome, Usage
from orchestra.gateway.cost.config import BudgetsSection
from orchestra.gateway.cost.prices import Prices
from orchestra.gateway.cost.rates import Card
from orchestra.gateway.routing.target import Target

_BYTES_PER_TOKEN = 3  # of a request; text in English has four, code and other scripts fewer
_BYTES_PER_STREAMED_TOKEN = 16  # an event has many more around each token: on the safe side
_TIER = b'"service_tier"'


class Quotes:
    """Prices calls before and after."""

    def __init__(
        self, prices: Prices, budgets: BudgetsSection, alarm: Callable[[str, str], None]
    ) -> None:
        """`alarm` is told each provider and model whose price nobody knows."""
        self.prices = prices
        self._alarm = alarm
        self._assumed = budgets.assumed.card("assumed")
        self._output = budgets.output_tokens

    def most(self, call: ModelCall, plan: Sequence[Target]) -> int:
        """The most that one answer of one of the targets can cost, in nano-dollars."""
        if call.endpoint == "count_tokens":
            return 0
        tokens_in, tokens_out = expected_input(call), self._longest(call)
        any_tier = _TIER in call.body
        find = self.prices.find
        return max(
            (
                (find(target.provider, target.model) or self._assumed).most(
                    tokens_in, tokens_out, any_tier=any_tier
                )
                for target in plan
            ),
            default=0,
        )

    def cost(
        self, call: ModelCall, outcome: Outcome, first: Target | None = None
    ) -> tuple[Cost, int, str | None]:
        """What a call took, what is charged to budgets for it, and where the price is from.

        The two differ where the price is unknown: budgets are charged with what is assumed.
        `first` is whom the call would have gone to, if the client left before anybody answered.
        """
        if outcome.cache is not None:
            return Cost(0, "cache"), 0, None
        failed = self._failed(outcome.attempts)
        if outcome.provider is None and outcome.finish == "cancelled" and first is not None:
            card = self.prices.find(first.provider, first.model) or self._assumed
            read = failed + card.cost(Usage(input=expected_input(call)))
            return Cost(read, "estimate"), read, None
        if outcome.provider is None or outcome.model is None or outcome.status >= 400:
            return Cost(failed, "estimate"), failed, None
        if call.endpoint == "count_tokens":
            return Cost(failed, "table"), failed, None
        usage = outcome.usage
        if usage is not None and usage.cost is not None:
            total = max(0, usage.cost) + failed
            return Cost(total, "provider"), total, outcome.provider
        known = self.prices.find(outcome.provider, outcome.model)
        counted, whole = self._counted(call, outcome)
        if known is None:
            self._alarm(outcome.provider, outcome.model)
            return Cost(None, "unknown"), self._assumed.cost(counted) + failed, None
        total = known.cost(counted) + failed
        return Cost(total, "table" if whole else "estimate"), total, known.origin

    def _longest(self, call: ModelCall) -> int:
        if call.endpoint == "embeddings":
            return 0
        longest = self._output if call.max_tokens is None else max(0, call.max_tokens)
        return longest * max(1, call.choices)

    def _counted(self, call: ModelCall, outcome: Outcome) -> tuple[Usage, bool]:
        """The usage, and whether it is the provider's count of the whole answer."""
        usage = outcome.usage
        cut = outcome.finish in ("cancelled", "error")
        if usage is not None and not cut:
            return usage, True
        per_token = _BYTES_PER_STREAMED_TOKEN if call.stream else _BYTES_PER_TOKEN
        output = min(outcome.received // per_token, self._longest(call))
        if usage is None:
            return Usage(input=expected_input(call), output=output), False
        if usage.output >= output:
            return usage, False
        return (
            Usage(
                usage.input,
                usage.cached,
                usage.cache_written,
                output,
                usage.reasoning,
                cache_written_long=usage.cache_written_long,
                tier=usage.tier,
            ),
            False,
        )

    def _failed(self, attempts: Sequence[Attempt]) -> int:
        """What attempts used that failed half-way."""
        total = 0
        for attempt in attempts:
            usage = attempt.usage
            if usage is None or attempt.error is None:
                continue
            card: Card = self.prices.find(attempt.provider, attempt.model) or self._assumed
            total += card.cost(usage) if usage.cost is None else max(0, usage.cost)
        return total


def expected_input(call: ModelCall) -> int:
    """How many tokens a request has, about; rather too many."""
    return len(call.body) // _BYTES_PER_TOKEN + 1
