"""Claude Code: `.mcp.json`, `.claude/settings.json`, `.claude/agents/*.md`, `CLAUDE.md`."""

from orchestra.coordination.connect.denied import denied
from orchestra.coordination.connect.dialects.dialect import (
    PERMISSION_SECONDS,
    PROMPT_SECONDS,
    SERVER,
    Notes,
    agent_page,
    group,
    hook_command,
    key_variable,
    subagents,
)
from orchestra.coordination.connect.parts import Block, JsonMembers, Part, WholeFile
from orchestra.coordination.connect.source import DEFAULT_URL, Source
from orchestra.shared.json import JsonObject, JsonValue

_TOOLS = "Bash|Edit|Write|MultiEdit|NotebookEdit|mcp__.*"
_READS = "WebFetch|WebSearch"  # what strangers wrote: told afterwards, never asked for
_ROOT = '"$CLAUDE_PROJECT_DIR"/'
_BLOCKS = " || exit 2"  # the only exit code that stops a call


def parts(source: Source) -> list[Part]:
    """What the agent reads."""
    return [
        Block("CLAUDE.md", "@AGENTS.md", first=True, unless="@AGENTS.md"),
        _servers(source),
        _settings(source),
        *(
            WholeFile(f".claude/agents/{agent.slug}.md", agent_page(agent))
            for agent in subagents(source, "claude")
        ),
    ]


def _servers(source: Source) -> JsonMembers:
    address = source.url if source.url != DEFAULT_URL else f"${{ORCHESTRA_URL:-{DEFAULT_URL}}}"
    server: JsonObject = {
        "type": "http",
        "url": f"{address}/mcp",
        "headers": {"Authorization": f"Bearer ${{{key_variable('claude')}}}"},
    }
    return JsonMembers(".mcp.json", members=((("mcpServers", SERVER), server),))


def _settings(source: Source) -> JsonMembers:
    told = hook_command(_ROOT, "claude", "open")
    asked = hook_command(
        _ROOT, "claude", source.fails, otherwise=_BLOCKS if source.fails == "closed" else ""
    )
    events: dict[str, JsonValue] = {
        "SessionStart": group(told, PROMPT_SECONDS),
        "UserPromptSubmit": group(told, PROMPT_SECONDS),
        "PreToolUse": group(asked, PERMISSION_SECONDS, _TOOLS),
        "PostToolUse": group(told, PROMPT_SECONDS, f"{_TOOLS}|{_READS}"),
        "PostToolUseFailure": group(told, PROMPT_SECONDS, f"{_TOOLS}|{_READS}"),
        "Stop": group(told, PROMPT_SECONDS),
        "SessionEnd": group(told, PROMPT_SECONDS),
    }
    rules = [f"Bash({c.program} {action}:*)" for c in denied(source) for action in c.actions]
    lists: list[tuple[tuple[str, ...], tuple[JsonValue, ...]]] = [
        (("enabledMcpjsonServers",), (SERVER,)),
        (("permissions", "allow"), (f"mcp__{SERVER}",)),
        (("permissions", "deny"), tuple(rules)),
        *((("hooks", event), (entry,)) for event, entry in events.items()),
    ]
    return JsonMembers(".claude/settings.json", items=tuple(lists))


def notes(source: Source) -> Notes:
    """What holds, and what is left to do."""
    closed = source.fails == "closed"
    hook = f"the hook before shell, edit and MCP calls denies or lets through; without an answer it {'blocks' if closed else 'lets through'}"
    wall = f"{len(denied(source))} groups of commands are denied in .claude/settings.json, as far as they are written plainly"
    return Notes(
        enforced=(
            "MCP calls: the server checks the key's scopes and the permissions",
            *((hook,) if closed else ()),
        ),
        advisory=(
            *(() if closed else (hook,)),
            *((wall,) if denied(source) else ()),
            "AGENTS.md, helpers in .claude/agents, the brief and the changes that hooks bring",
        ),
        unsupported=(
            "pushing into a session that waits for its user",
            "starting in a subfolder: .claude of the root is then not read",
        ),
        steps=(
            f"export {key_variable('claude')}",
            "start `claude` in the root of the repository and trust the folder",
        ),
    )
