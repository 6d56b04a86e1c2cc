"""What is said when no target answered."""

from collections.abc import Sequence

from orchestra.gateway.calls import Attempt
from orchestra.gateway.routing.attempt import Refused
from orchestra.gateway.routing.failures import Fault, Word
from orchestra.gateway.routing.target import Plan, Target
from orchestra.shared.errors import OrchestraError, TooManyRequests

_TIMES: frozenset[Word] = frozenset(
    {"connect_timeout", "answer_timeout", "first_token_timeout", "stalled", "deadline"}
)
_SHOWN = 8  # attempts


class ProvidersFailed(OrchestraError):
    """Every target was asked, and none could answer."""

    status = 502
    code = "providers-failed"


class ProvidersLate(OrchestraError):
    """None answered in time."""

    status = 504
    code = "providers-late"


class ProvidersBusy(TooManyRequests):
    """All of them ask us to come later."""

    code = "providers-busy"


class Unsupported(OrchestraError):
    """No target takes such a call."""

    status = 400
    code = "unsupported"


class Given:
    """What the targets have given so far instead of an answer."""

    def __init__(self) -> None:
        self.faults: list[tuple[Target, Fault]] = []
        self._too_small = 0
        self._models: set[str] = set()

    def add(self, target: Target, fault: Fault) -> None:
        """One more."""
        self.faults.append((target, fault))
        if fault.next == "larger":
            self._models.add(target.model)
            self._too_small = max(self._too_small, target.window or 0)

    def may_help(self, target: Target) -> bool:
        """Whether it makes sense to ask: not the same model again when the question was too long,
        nor one that is known to be no larger.
        """
        if target.model in self._models:
            return False
        return target.window is None or target.window > self._too_small

    @property
    def stopped(self) -> bool:
        """Nobody else is to be asked."""
        return bool(self.faults) and self.faults[-1][1].next == "stop"

    @property
    def telling(self) -> tuple[Target, Refused] | None:
        """The refusal that says most about the call itself: it goes to the client as it is."""
        for words in (("content_filter", "bad_request"), ("context_length",), ("unsupported",)):
            for target, fault in self.faults:
                if fault.word in words and isinstance(fault, Refused):
                    return target, fault
        return None


def given_up(plan: Plan, given: Given, attempts: Sequence[Attempt]) -> OrchestraError:
    """What says that nobody answered, and why."""
    words = [fault.word for _, fault in given.faults]
    message = f"no target of the route `{plan.route}` answered: {_told(attempts)}"
    if words and all(word == "rate_limited" for word in words):
        waits = [fault.retry_after for _, fault in given.faults if fault.retry_after is not None]
        return ProvidersBusy(
            message, hint="come later", retry_after=max(1, round(min(waits, default=1)))
        )
    if words and all(word == "untranslatable" for word in words):
        return Unsupported(f"{message}; {_reasons(given)}", hint="add a target that takes it")
    if words and words[-1] in _TIMES:
        return ProvidersLate(message, hint="try again, or give the route more time")
    hint = "try again; `orchestra gateway models` shows how the targets are doing"
    if "key_refused" in words:
        hint = "the provider refuses the gateway's key: an administrator has to look at it"
    return ProvidersFailed(message, hint=hint)


def _told(attempts: Sequence[Attempt]) -> str:
    told = [f"{a.provider}: {a.error}" + (f" ({a.status})" if a.status else "") for a in attempts]
    more = ["…"] if len(told) > _SHOWN else []
    return "; ".join([*told[:_SHOWN], *more]) or "there was nobody to ask"


def _reasons(given: Given) -> str:
    return "; ".join(dict.fromkeys(str(fault)[:200] for _, fault in given.faults))
