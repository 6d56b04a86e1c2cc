"""The commands of the table in plain form, for the rules that agents themselves can keep."""

from dataclasses import dataclass

from orchestra.coordination.commands.rules import shipped


@dataclass(frozen=True, slots=True)
class KnownCommand:
    """A command line that begins with `program` and one of `actions`."""

    program: str
    actions: tuple[str, ...]
    permission: str
    """As in an agent's spec: `resource:action`."""


def known_commands() -> tuple[KnownCommand, ...]:
    """Those that their first words tell: a second wall, since wrapping gets around it."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for rule in shipped().rules:
        if len(rule.words) == 1 and "*" not in rule.words[0] and not (rule.flags or rule.argument):
            for program in rule.programs:
                actions = found.setdefault((program, rule.permission), {})
                actions.update(dict.fromkeys(rule.words[0].split("|")))
    return tuple(KnownCommand(p, tuple(actions), need) for (p, need), actions in found.items())
