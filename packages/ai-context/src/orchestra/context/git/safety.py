"""What keeps a hostile repository from running anything: the settings each git call is made under.

A repository brings its own configuration, attributes and hooks. All that git would execute from
them is overridden through the environment, whose settings win over every file and whose keys,
unlike those of `-c`, may hold any character.
"""

from collections.abc import Iterable, Mapping

from orchestra.shared.settings import child_environment

_OVERRIDES = {
    "core.fsmonitor": "false",
    "core.hooksPath": "/dev/null",
    "core.untrackedCache": "false",
    "core.pager": "cat",
    "core.editor": "false",
    "core.askPass": "false",
    "core.sshCommand": "false",
    "core.gitProxy": "",
    "core.alternateRefsCommand": "false",
    "core.quotePath": "false",
    "credential.helper": "",
    "diff.external": "",
    "gc.auto": "0",
    "gpg.program": "false",
    "gpg.ssh.program": "false",
    "gpg.x509.program": "false",
    "log.showSignature": "false",
    "log.mailmap": "false",
    "maintenance.auto": "false",
    "protocol.allow": "never",
    "safe.directory": "*",  # nothing of its owner's is executed, so whose it is does not matter
    "status.renames": "false",
    "submodule.recurse": "false",
}
_ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "none",  # wins over any `protocol.<name>.allow` of the repository
    "GIT_ASKPASS": "false",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_EDITOR": "false",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PAGER": "cat",
    "GIT_SSH_COMMAND": "false",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
    "LANGUAGE": "C",
}


def git_environment(
    filters: Iterable[str] = (), extra: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The environment for one git process; the named content filters are switched off."""
    settings = dict(_OVERRIDES)
    for name in filters:
        for action in ("clean", "smudge", "process"):
            settings[f"filter.{name}.{action}"] = ""
        settings[f"filter.{name}.required"] = "false"
    environment = child_environment(_ENVIRONMENT)
    environment["GIT_CONFIG_COUNT"] = str(len(settings))
    for number, (key, value) in enumerate(settings.items()):
        environment[f"GIT_CONFIG_KEY_{number}"] = key
        environment[f"GIT_CONFIG_VALUE_{number}"] = value
    return environment | dict(extra or {})


def filter_names(listing: bytes) -> list[str]:
    r"""Content filters in the output of `git config -z --list`: `key\nvalue\0` each."""
    names = set()
    for item in listing.split(b"\0"):
        section, _, rest = item.partition(b"\n")[0].partition(b".")
        name, dot, _ = rest.rpartition(b".")
        if section == b"filter" and dot:
            names.add(name.decode("utf-8", "surrogateescape"))
    return sorted(names)
