"""What an act needs, decided from the act, the caller's kind, its spec and its session alone."""

from dataclasses import dataclass

from orchestra.coordination.governance.act import Act, Outcome
from orchestra.coordination.specs.patterns import matches, plain_path, protected
from orchestra.coordination.specs.spec import AgentSpec
from orchestra.shared.identity.principal import Kind
from orchestra.shared.wording import plain

READS = frozenset({"list", "monitor", "preview", "read", "status"})
"""Actions that change nothing: the permission alone is enough."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rules say, and why, in a sentence for the one who asked."""

    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of the one who acts."""

    kind: Kind
    decides: bool
    """A person who may decide for others, and so for themselves."""
    spec: AgentSpec | None
    wanted_slug: str
    tainted: bool


def judge(act: Act, who: Standing) -> Judged:
    """The rules, in their order; what no rule allows is asked or refused."""
    if who.kind == "human":
        return _person(act, who)
    return _permission(act, who) or _danger(act, who) or _change(act, who)


def _person(act: Act, who: Standing) -> Judged:
    if who.decides:
        return Judged("allow", "a person who may approve does it")
    if act.permission is None and not act.destructive:
        return Judged("allow", "it needs no permission")
    return Judged("ask", "your key lacks the scope `approvals:decide`")


def _permission(act: Act, who: Standing) -> Judged | None:
    if act.permission is None:
        return None
    needed = plain(act.permission, 70)
    if who.kind != "agent":
        return Judged("deny", f"`{needed}` is given by an agent's spec, and a service has none")
    if who.spec is None:
        return Judged(
            "deny",
            f"no spec in force names `{who.wanted_slug}`, so it has no permissions; `{needed}` is"
            " given by a file in .cursor/agents/ on the default branch",
        )
    if act.permission not in who.spec.permissions:
        return Judged("deny", f"the spec of `{who.spec.name}` does not give `{needed}`")
    return None


def _danger(act: Act, who: Standing) -> Judged | None:
    if act.destructive:
        return Judged("ask", "it destroys something")
    if who.tainted and act.egress:
        return Judged("ask", "it sends something out, and the session has read text from outside")
    strange = next((path for path in act.paths if not plain_path(path)), None)
    if strange is not None:
        return Judged("ask", f"`{plain(strange, 100)}` is not a plain path in the repository")
    guarded = next((path for path in act.paths if protected(path)), None)
    if guarded is not None:
        return Judged("ask", f"`{plain(guarded, 100)}` decides what agents and machines may do")
    return None


def _change(act: Act, who: Standing) -> Judged:
    if act.paths:
        return _paths(act, who)
    if act.permission is None:
        return Judged("allow", "it needs no permission")
    if act.permission.partition(":")[2] in READS:
        return Judged("allow", f"the spec gives `{act.permission}`, which changes nothing")
    return Judged("ask", f"`{act.permission}` changes something that no pattern speaks of")


def _paths(act: Act, who: Standing) -> Judged:
    if who.spec is None:
        return Judged("allow", "it needs no permission, and no spec says more")
    other = next((p for p in act.paths if not matches(who.spec.auto_approve_patterns, p)), None)
    if other is not None:
        return Judged("ask", f"no auto_approve_pattern of `{who.spec.name}` matches `{other}`")
    if who.tainted:
        return Judged("ask", "the session has read text from outside, so patterns do not count")
    return Judged("allow", f"the auto_approve_patterns of `{who.spec.name}` match all it writes")
