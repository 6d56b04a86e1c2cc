"""Who sees which scope, and who may write to it."""

from collections.abc import Sequence

from orchestra.shared.errors import Forbidden, Invalid
from orchestra.shared.identity import Caller

SHARED = ("repository", "workspace")
_PRIVATE = "agent:"


def own(caller: Caller) -> str:
    """The scope that only this principal sees."""
    return f"{_PRIVATE}{caller.name}"


def is_person(caller: Caller) -> bool:
    """Whether a human being acts: only their word is worth more than an agent's."""
    return caller.kind == "human"


def sees_all(caller: Caller) -> bool:
    """Whether the caller runs the system, and so can look for what does not belong there."""
    return is_person(caller) and caller.can("admin")


def sees(caller: Caller, scope: str) -> bool:
    """Whether the caller may read notes of that scope."""
    return scope in (*SHARED, own(caller)) or sees_all(caller)


def visible(caller: Caller, wanted: Sequence[str] | None) -> list[str] | None:
    """The scopes to read; None means every one. What may not be seen is left out in silence."""
    if wanted is None:
        return None if sees_all(caller) else [*SHARED, own(caller)]
    return [scope for scope in (named(caller, each) for each in wanted) if sees(caller, scope)]


def named(caller: Caller, scope: str) -> str:
    """The scope that a word means to this caller: `agent` is its own.

    Raises:
        Invalid: it is not a scope.
    """
    if scope == "agent":
        return own(caller)
    if scope in SHARED or (scope.startswith(_PRIVATE) and scope[len(_PRIVATE) :].isprintable()):
        return scope
    raise Invalid(
        f"`{scope[:80]}` is not a scope", hint="the scopes are repository, workspace and agent"
    )


def writable(caller: Caller, scope: str) -> str:
    """The scope, when the caller may add notes to it.

    Raises:
        Invalid: it is not a scope.
        Forbidden: it is the private one of somebody else.
    """
    meant = named(caller, scope)
    if meant not in (*SHARED, own(caller)):
        raise Forbidden(
            f"`{caller.name}` cannot write to `{meant[:80]}`",
            hint="use `agent` for what only you shall see, or `repository` for all",
        )
    return meant
