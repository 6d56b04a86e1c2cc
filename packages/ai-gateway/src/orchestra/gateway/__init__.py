"""One door to every model: routing, cache and cost, with Portkey as the provider layer."""

__all__: list[str] = []
