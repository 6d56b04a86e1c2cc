"""Codex: `.codex/config.toml`, `.codex/hooks.json`, `.codex/rules/*.rules`, `.codex/agents/*.toml`."""

import json

import tomlkit
from orchestra.coordination.commands import KnownCommand
from orchestra.coordination.connect.denied import denied
from orchestra.coordination.connect.dialects.dialect import (
    PERMISSION_SECONDS,
    PROMPT_SECONDS,
    SERVER,
    Notes,
    description,
    group,
    hook_command,
    instructions,
    key_variable,
    subagents,
)
from orchestra.coordination.connect.parts import SIGN, JsonMembers, Part, TomlTable, WholeFile
from orchestra.coordination.connect.source import Source
from orchestra.coordination.specs import AgentSpec
from orchestra.shared.json import JsonValue

_TOOLS = "Bash|apply_patch|Edit|Write|mcp__.*"
_READS = "web_search|WebSearch|WebFetch"  # what strangers wrote: told afterwards, never asked for
_ROOT = '"$(git rev-parse --show-toplevel)"/'  # hooks run where the session was started
_BLOCKS = " || exit 2"  # the only exit code that stops a call


def parts(source: Source) -> list[Part]:
    """What the agent reads."""
    rules = denied(source)
    return [
        TomlTable(
            ".codex/config.toml",
            ("mcp_servers", SERVER),
            {"url": f"{source.url}/mcp", "bearer_token_env_var": key_variable("codex")},
        ),
        _hooks(source),
        *((WholeFile(".codex/rules/orchestra.rules", _rules(rules)),) if rules else ()),
        *(
            WholeFile(f".codex/agents/{agent.slug}.toml", _agent(agent))
            for agent in subagents(source, "codex")
        ),
    ]


def _hooks(source: Source) -> JsonMembers:
    told = hook_command(_ROOT, "codex", "open")
    asked = hook_command(
        _ROOT, "codex", source.fails, otherwise=_BLOCKS if source.fails == "closed" else ""
    )
    events: dict[str, JsonValue] = {
        "SessionStart": group(told, PROMPT_SECONDS),
        "UserPromptSubmit": group(told, PROMPT_SECONDS),
        "PreToolUse": group(asked, PERMISSION_SECONDS, _TOOLS),
        "PostToolUse": group(told, PROMPT_SECONDS, f"{_TOOLS}|{_READS}"),
        "Stop": group(told, PROMPT_SECONDS),
    }
    items = tuple((("hooks", event), (entry,)) for event, entry in events.items())
    return JsonMembers(".codex/hooks.json", items=items)


def _rules(commands: list[KnownCommand]) -> str:
    lines = [
        f"# {SIGN} from the specs in .cursor/agents; change those.",
        "# Tokens are compared as they are written: a wrapped or prefixed command passes here, and is",
        "# judged by the hook.",
    ]
    for command in commands:
        why = f"No agent of this repository has the permission {command.permission}."
        lines += [
            "prefix_rule(",
            f"    pattern = [{json.dumps(command.program)}, {json.dumps(list(command.actions))}],",
            '    decision = "forbidden",',
            f"    justification = {json.dumps(why)},",
            f"    match = [{json.dumps([command.program, command.actions[0]])}],",
            f"    not_match = [{json.dumps([command.program, '--version'])}],",
            ")",
        ]
    return "\n".join([*lines, ""])


def _agent(agent: AgentSpec) -> str:
    document = tomlkit.document()
    document.add(tomlkit.comment(f"{SIGN} from {agent.path}; change that file."))
    document.add("name", tomlkit.item(agent.slug))
    document.add("description", tomlkit.item(description(agent)))
    text = "\n".join([*instructions(agent), ""])
    document.add("developer_instructions", tomlkit.string("\n" + text, multiline=True))
    return tomlkit.dumps(document)


def notes(source: Source) -> Notes:
    """What holds, and what is left to do."""
    closed = source.fails == "closed"
    hook = f"the hook before shell, edit and MCP calls denies or lets through, once it is trusted; without an answer it {'blocks' if closed else 'lets through'}"
    wall = f"{len(denied(source))} groups of commands are forbidden in .codex/rules, also without approvals; a command inside `sh -c` or behind `X=1` is left to the hook"
    return Notes(
        enforced=(
            "MCP calls: the server checks the key's scopes and the permissions",
            *((hook,) if closed else ()),
            *((wall,) if denied(source) else ()),
        ),
        advisory=(
            *(() if closed else (hook,)),
            "AGENTS.md, helpers in .codex/agents, the brief and the changes that hooks bring",
        ),
        unsupported=("pushing into a session that waits for its user",),
        steps=(
            f"export {key_variable('codex')}",
            "trust the project when `codex` asks: else .codex is not read",
            "type /hooks in `codex` and trust each of Orchestra's hooks, again whenever they change",
        ),
    )
