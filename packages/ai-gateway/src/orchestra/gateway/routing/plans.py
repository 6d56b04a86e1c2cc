"""From the name that a client wrote to the targets that are asked."""

from collections.abc import Callable, Collection, Sequence
from fnmatch import fnmatchcase

from orchestra.gateway.calls import ModelCall
from orchestra.gateway.config import GatewayConfig, RouteSection
from orchestra.gateway.routing.target import Plan, Policy, Target
from orchestra.shared.errors import Forbidden, NotFound, Unavailable

_SHOWN = 80  # characters of a name that somebody sent
_KEPT = 1024  # plans

Choose = Callable[[ModelCall, Sequence[str]], str]
"""Of the routes of a task's class, cheapest first, the one for this call."""


def _first(_call: ModelCall, routes: Sequence[str]) -> str:
    return routes[0]


class Plans:
    """Made from the configuration once; a plan is looked up, not made, per call."""

    def __init__(
        self, config: GatewayConfig, usable: Collection[str], choose: Choose = _first
    ) -> None:
        """`usable` are the providers whose keys are there."""
        self._config = config
        self._usable = frozenset(usable)
        self._choose = choose
        self._made: dict[tuple[str, str, str], Plan] = {}
        self._found: dict[str, tuple[str, str]] = {}
        self._patterns = sorted(
            (name for name in config.models if "*" in name), key=len, reverse=True
        )

    @property
    def names(self) -> list[str]:
        """What a client may ask for, patterns aside."""
        exact = [name for name in self._config.models if "*" not in name]
        return sorted({*exact, *self._config.routes, "auto"})

    def plan(self, call: ModelCall) -> Plan:
        """The plan for a call.

        Raises:
            NotFound: no route answers for the model.
            Forbidden: the route's policy allows none of its targets.
            Unavailable: no provider of the route has a key.
        """
        route, reason = self._route(call)
        made = self._made.get((route, call.model, reason))
        if made is None:
            made = self._make(route, call.model, reason)
            if len(self._made) >= _KEPT:
                self._made.clear()
            self._made[route, call.model, reason] = made
        return made

    def _route(self, call: ModelCall) -> tuple[str, str]:
        config = self._config
        if call.task_class is not None:
            section = config.classes.get(call.task_class)
            if section is None:
                raise NotFound(
                    f"there is no class `{call.task_class[:_SHOWN]}` of tasks",
                    hint=f"there are: {', '.join(config.classes) or 'none'}; see [classes] of the"
                    " gateway's configuration",
                )
            return self._choose(call, section.routes), f"class `{call.task_class}`"
        found = self._found.get(call.model)
        if found is None:
            found = self._find(call.model)
            if len(self._found) >= _KEPT:
                self._found.clear()
            self._found[call.model] = found
        return found

    def _find(self, name: str) -> tuple[str, str]:
        config = self._config
        if (route := config.models.get(name)) is not None:
            return route, f"model `{name}`"
        if name in config.routes:
            return name, "route by name"
        for pattern in self._patterns:
            if fnmatchcase(name, pattern):
                return config.models[pattern], f"model `{pattern}`"
        if name == "auto" and "default" in config.routes:
            return "default", "auto"
        raise NotFound(
            f"no route answers for the model `{name[:_SHOWN]}`",
            hint=f"ask for one of: {', '.join(self.names[:20])}",
        )

    def _make(self, name: str, model: str, reason: str) -> Plan:
        route = self._config.routes[name]
        allowed = [
            target for target in self._targets(route, model) if route.allows(target[0], target[1])
        ]
        if not allowed:
            raise Forbidden(
                f"the route `{name}` may not ask for the model `{model[:_SHOWN]}`",
                hint=f"its policy allows: {', '.join(route.allow or ())}",
            )
        usable = [target for target in allowed if target[0] in self._usable]
        if not usable:
            raise self._unavailable(name, [provider for provider, _, _ in allowed])
        targets = tuple(
            Target(
                provider,
                at,
                self._config.providers[provider].kind,
                self._config.layer_of(provider),
                window,
            )
            for provider, at, window in usable
        )
        return Plan(name, targets, _policy(route), reason)

    def _targets(self, route: RouteSection, model: str) -> list[tuple[str, str, int | None]]:
        return [
            (target.provider, target.model.replace("{model}", model), target.window)
            for target in route.targets
        ]

    def _unavailable(self, route: str, providers: Sequence[str]) -> Unavailable:
        keys = [self._config.providers[name].key for name in dict.fromkeys(providers)]
        names = [key.removeprefix("secret://env/") for key in keys if key is not None]
        return Unavailable(
            f"no provider of the route `{route}` has a key",
            hint=f"set {' or '.join(names)} where the gateway runs, and start it again",
        )


def _policy(route: RouteSection) -> Policy:
    return Policy(
        deadline=route.deadline,
        connect=route.connect,
        first_token=route.first_token,
        answer=route.answer,
        stall=route.stall,
        longest=route.longest,
        attempts=route.attempts,
        backoff=route.backoff,
        patience=route.patience,
        streaming=route.streaming,
    )
