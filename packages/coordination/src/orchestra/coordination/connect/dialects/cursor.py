"""Cursor: `.cursor/mcp.json`, `hooks.json`, `cli.json`, `rules/orchestra.mdc`, `agents/*.md`."""

from orchestra.coordination.connect.denied import denied
from orchestra.coordination.connect.dialects.dialect import (
    PERMISSION_SECONDS,
    PROMPT_SECONDS,
    SERVER,
    Notes,
    agent_page,
    hook_command,
    key_variable,
    subagents,
)
from orchestra.coordination.connect.parts import SIGN, JsonMembers, Part, WholeFile
from orchestra.coordination.connect.source import Source
from orchestra.shared.json import JsonObject, JsonValue

_EDITS = "Write|Delete|StrReplace|EditNotebook"
_AFTER = f"Shell|{_EDITS}|WebFetch|WebSearch|MCP:.*"
_ROOT = "./"  # hooks of a project run in its root


def parts(source: Source) -> list[Part]:
    """What the agent reads."""
    server: JsonObject = {
        "url": f"{source.url}/mcp",
        "headers": {"Authorization": f"Bearer ${{env:{key_variable('cursor')}}}"},
    }
    return [
        JsonMembers(".cursor/mcp.json", members=((("mcpServers", SERVER), server),)),
        _hooks(source),
        _permissions(source),
        WholeFile(".cursor/rules/orchestra.mdc", _rule()),
        *(
            WholeFile(f".cursor/agents/{agent.slug}.md", agent_page(agent))
            for agent in subagents(source, "cursor")
        ),
    ]


def _hooks(source: Source) -> JsonMembers:
    told: JsonObject = {
        "command": hook_command(_ROOT, "cursor", "open"),
        "timeout": PROMPT_SECONDS,
    }
    asked: JsonObject = {
        "command": hook_command(_ROOT, "cursor", source.fails),
        "timeout": PERMISSION_SECONDS,
        "failClosed": source.fails == "closed",
    }
    events: dict[str, JsonValue] = {
        "sessionStart": told,
        "beforeSubmitPrompt": told,
        "beforeShellExecution": asked,
        "beforeMCPExecution": asked,
        "preToolUse": {**asked, "matcher": _EDITS},
        "postToolUse": {**told, "matcher": _AFTER},
        "postToolUseFailure": {**told, "matcher": _AFTER},
        "stop": told,
        "sessionEnd": told,
    }
    items = tuple((("hooks", event), (entry,)) for event, entry in events.items())
    return JsonMembers(".cursor/hooks.json", defaults=((("version",), 1),), items=items)


def _permissions(source: Source) -> JsonMembers:
    rules = [f"Shell({c.program}:{action}*)" for c in denied(source) for action in c.actions]
    items: list[tuple[tuple[str, ...], tuple[JsonValue, ...]]] = [
        (("permissions", "allow"), (f"Mcp({SERVER}:*)",)),
        (("permissions", "deny"), tuple(rules)),
    ]
    return JsonMembers(
        ".cursor/cli.json",
        items=tuple(items),
        lists=(("permissions", "allow"), ("permissions", "deny")),
    )


def _rule() -> str:
    return "\n".join(
        [
            "---",
            "description: What Orchestra is for here",
            "alwaysApply: true",
            "---",
            "",
            f"<!-- {SIGN}. -->",
            "",
            'Read the section "Orchestra" of [AGENTS.md](mdc:AGENTS.md).',
            "",
        ]
    )


def notes(source: Source) -> Notes:
    """What holds, and what is left to do."""
    closed = source.fails == "closed"
    hook = (
        "the hooks before shell, edit and MCP calls deny or let through; without an answer"
        f" they {'block (failClosed)' if closed else 'let through'}"
    )
    wall = (
        f"{len(denied(source))} groups of commands are denied in .cursor/cli.json, which only the"
        " command line of Cursor reads"
    )
    return Notes(
        enforced=(
            "MCP calls: the server checks the key's scopes and the permissions",
            *((hook,) if closed else ()),
        ),
        advisory=(
            *(() if closed else (hook,)),
            *((wall,) if denied(source) else ()),
            "AGENTS.md, rules, helpers in .cursor/agents, the brief and the changes that hooks bring",
        ),
        unsupported=(
            "specs in .cursor/agents/*.yaml: Cursor reads only the .md files made from them",
            "pushing into a running turn",
        ),
        steps=(
            f"export {key_variable('cursor')} where Cursor is started from",
            "trust the workspace; turn the server `orchestra` on in Settings, MCP",
        ),
    )
