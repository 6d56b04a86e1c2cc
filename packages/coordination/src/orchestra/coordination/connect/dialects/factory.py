"""Factory's droid: `.factory/mcp.json`, `hooks.json`, `settings.json`, `droids/*.md`."""

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
from orchestra.coordination.connect.parts import JsonMembers, Part, WholeFile
from orchestra.coordination.connect.source import Source
from orchestra.shared.json import JsonObject, JsonValue

_TOOLS = "Execute|Edit|MultiEdit|Create|Write|ApplyPatch|.*___.*"  # MCP tools: `server___tool`
_READS = "FetchUrl|WebSearch"  # what strangers wrote: told afterwards, never asked for
_ROOT = '"$(git rev-parse --show-toplevel)"/'  # $FACTORY_PROJECT_DIR is where it was started
_BLOCKS = " || exit 2"  # the only exit code that stops a call


def parts(source: Source) -> list[Part]:
    """What the agent reads."""
    server: JsonObject = {
        "type": "http",
        "url": f"{source.url}/mcp",
        "headers": {"Authorization": f"Bearer ${{{key_variable('factory')}}}"},
        "disabled": False,
    }
    rules = tuple(f"{c.program} {action}" for c in denied(source) for action in c.actions)
    return [
        JsonMembers(".factory/mcp.json", members=((("mcpServers", SERVER), server),)),
        _hooks(source),
        JsonMembers(".factory/settings.json", items=((("commandBlocklist",), rules),)),
        *(
            WholeFile(f".factory/droids/{agent.slug}.md", agent_page(agent))
            for agent in subagents(source, "factory")
        ),
    ]


def _hooks(source: Source) -> JsonMembers:
    told = hook_command(_ROOT, "factory", "open")
    asked = hook_command(
        _ROOT, "factory", source.fails, otherwise=_BLOCKS if source.fails == "closed" else ""
    )
    events: dict[str, JsonValue] = {
        "SessionStart": group(told, PROMPT_SECONDS),
        "UserPromptSubmit": group(told, PROMPT_SECONDS),
        "PreToolUse": group(asked, PERMISSION_SECONDS, _TOOLS),
        "PostToolUse": group(told, PROMPT_SECONDS, f"{_TOOLS}|{_READS}"),
        "Stop": group(told, PROMPT_SECONDS),
        "SessionEnd": group(told, PROMPT_SECONDS),
    }
    items = tuple(((event,), (entry,)) for event, entry in events.items())
    return JsonMembers(".factory/hooks.json", items=items)


def notes(source: Source) -> Notes:
    """What holds, and what is left to do."""
    closed = source.fails == "closed"
    hook = (
        "the hook before shell, edit and MCP calls denies or lets through; without an answer it"
        f" {'blocks' if closed else 'lets through'}"
    )
    wall = (
        f"{len(denied(source))} groups of commands are on the commandBlocklist: never run, inside"
        " `sh -c` or behind `X=1` neither"
    )
    return Notes(
        enforced=(
            "MCP calls: the server checks the key's scopes and the permissions",
            *((hook,) if closed else ()),
            *((wall,) if denied(source) else ()),
        ),
        advisory=(
            *(() if closed else (hook,)),
            "AGENTS.md, helpers in .factory/droids, the brief and the changes that hooks bring",
        ),
        unsupported=(
            "MCP resources and the server's instructions: droid shows only tools",
            "changes at a prompt in `droid exec`: it runs no such hook; they come after tools",
        ),
        steps=(f"export {key_variable('factory')}",),
    )
