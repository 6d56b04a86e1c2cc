"""Plans in which the providers stand in an order that a caller gave, and no others."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import msgspec
from orchestra.gateway.calls import ModelCall
from orchestra.gateway.config import GatewayConfig
from orchestra.gateway.routing.plans import Plans
from orchestra.gateway.routing.target import Plan, Target
from orchestra.shared.errors import Forbidden, Unavailable

_DEFAULT = "default"

Price = Callable[[Target], float | None]
"""What a model costs, for comparison; None when nobody knows."""


class OrderedPlans(Plans):
    """Of the model's own route what the providers have of it; of a provider that has none of it, what
    the route `default` asks it for, where the policy of the model's route lets it.
    """

    def __init__(
        self,
        config: GatewayConfig,
        usable: Collection[str],
        order: Sequence[str],
        price: Price | None = None,
    ) -> None:
        """With a `price`, those after the first are asked from the cheapest to the dearest."""
        super().__init__(config, usable)
        self._order = tuple(dict.fromkeys(order))
        self._price = price

    def plan(self, call: ModelCall) -> Plan:
        """The plan for a call.

        Raises:
            NotFound: no route answers for the model.
            Forbidden: the route's policy allows none of the providers.
            Unavailable: none of them has a key.
        """
        own = self._or_none(call)
        route = None if own is None else self._config.routes[own.route]
        spare = self._or_none(msgspec.structs.replace(call, model=_DEFAULT, task_class=None))
        by_provider: dict[str, Target] = {}
        for plan in (own, spare):
            for target in plan.targets if plan is not None else ():
                if route is None or route.allows(target.provider, target.model):
                    by_provider.setdefault(target.provider, target)
        chosen = [by_provider[name] for name in self._order if name in by_provider]
        base = own or spare
        if not chosen or base is None:
            raise self._nobody()
        return replace(base, targets=tuple(self._sorted(chosen)), reason="asked for in this order")

    def _or_none(self, call: ModelCall) -> Plan | None:
        if call.model == _DEFAULT and _DEFAULT not in self._config.routes:
            return None
        try:
            return super().plan(call)
        except Unavailable:  # of another provider's route
            return None

    def _sorted(self, targets: list[Target]) -> list[Target]:
        if self._price is None:
            return targets
        first, *others = targets
        prices = {target: self._price(target) for target in others}
        return [first, *sorted(others, key=lambda t: (prices[t] is None, prices[t] or 0.0))]

    def _nobody(self) -> Unavailable | Forbidden:
        known = [self._config.providers[n].key for n in self._order if n in self._config.providers]
        names = [key.removeprefix("secret://env/") for key in known if key is not None]
        return Unavailable(
            f"none of {', '.join(f'`{name}`' for name in self._order)} has a key",
            hint=f"set {' or '.join(names)}" if names else "add them to the gateway's providers",
        )
