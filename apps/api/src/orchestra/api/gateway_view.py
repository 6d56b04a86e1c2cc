"""What can be asked for: routes, their targets, what these cost and how they are."""

from orchestra.api.gateway import Models
from orchestra.api.routes.gateway_models import ModelsView, Price, RouteView, TargetView
from orchestra.gateway.config import TargetSection
from orchestra.gateway.cost.money import dollars
from orchestra.gateway.cost.rates import Card


async def models_view(models: Models) -> ModelsView:
    """As the configuration, the price list and the breakers have it."""
    config, known = models.built.config, models.built.known
    named = {
        (target.provider, target.model)
        for route in config.routes.values()
        for target in route.targets
        if "{model}" not in target.model and target.provider in known.usable
    }
    await models.cost.prices.learn(named)
    missing = dict(known.absent)
    if models.portkey is not None:
        missing |= models.portkey.failures()
    health = {(one.provider, one.model): one for one in models.built.breakers.health()}

    def view(target: TargetSection) -> TargetView:
        pair = (target.provider, target.model)
        card = models.cost.prices.find(*pair)
        one = health.get(pair)
        absent = target.provider in missing
        return TargetView(
            provider=target.provider,
            model=target.model,
            price=None if card is None else _price(card),
            state="absent" if absent else "untried" if one is None else one.state,
            again_in=0 if one is None else round(one.opens_in, 1),
        )

    return ModelsView(
        models=dict(config.models),
        routes=[
            RouteView(name=name, targets=[*map(view, route.targets)])
            for name, route in config.routes.items()
        ],
        classes={name: list(section.routes) for name, section in config.classes.items()},
        absent=missing,
    )


def _price(card: Card) -> Price:
    rates = card.rates
    million = 1_000  # pico-dollars per token are this many nano-dollars per million
    return Price(
        input=dollars(rates.input * million),
        cached=dollars(rates.cached * million),
        output=dollars(rates.output * million),
        origin=card.origin,
    )
