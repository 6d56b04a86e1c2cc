"""The commands that change something outside the repository, and the permission that each needs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KnownCommand:
    """A command line that begins with `program` and one of `actions`."""

    program: str
    actions: tuple[str, ...]
    permission: str
    """As in an agent's spec: `resource:action`."""


_KNOWN = (
    KnownCommand(
        "pulumi", ("up", "update", "destroy", "refresh", "import", "cancel"), "pulumi:write"
    ),
    KnownCommand("terraform", ("apply", "destroy", "import", "taint"), "terraform:write"),
    KnownCommand("tofu", ("apply", "destroy", "import", "taint"), "terraform:write"),
    KnownCommand("vercel", ("deploy", "promote", "rollback", "remove"), "vercel:deploy"),
    KnownCommand(
        "kubectl",
        ("apply", "create", "delete", "drain", "edit", "patch", "replace", "scale"),
        "kubernetes:write",
    ),
    KnownCommand("helm", ("install", "rollback", "uninstall", "upgrade"), "kubernetes:write"),
)


def known_commands() -> tuple[KnownCommand, ...]:
    """Those that their first words tell: a second wall, since wrapping gets around it."""
    return _KNOWN
