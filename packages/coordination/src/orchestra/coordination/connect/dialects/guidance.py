"""The block of AGENTS.md, and what points to it: read by every agent."""

from urllib.parse import quote

from orchestra.coordination.connect.dialects.dialect import MANNERS, SERVER
from orchestra.coordination.connect.parts import HOOK, Block, Part, WholeFile
from orchestra.coordination.connect.source import Source

_FOLDER, _, _NAME = HOOK.rpartition("/")
_HEAD = (
    "## Orchestra",
    "",
    f"Agents and people share this repository through Orchestra. Its MCP server is `{SERVER}`.",
    "",
    "- Before a task, ask it for the context: files, tests, past commits, notes and live state.",
    "- Where it offers tasks, claim the one that you work on, and hand it over instead of leaving it.",
)


def guidance(source: Source) -> list[str]:
    """What an agent should know of Orchestra, in Markdown."""
    return [*_HEAD, *MANNERS, *_rules(source), *_agents(source)]


def _rules(source: Source) -> list[str]:
    if not source.rules:
        return []
    rows = [
        f"| {', '.join(f'`{glob}`' for glob in rule.globs)} | [{rule.description or rule.path}]({quote(rule.path)}) |"
        for rule in source.rules
    ]
    return ["", "Before you change a file that matches, read the rule for it:", "",
            "| files | rule |", "|---|---|", *rows]  # fmt: skip


def _agents(source: Source) -> list[str]:
    if not source.agents:
        return []
    rows = [
        f"| [{agent.name}]({quote(agent.path)}) | {', '.join(f'`{p}`' for p in agent.permissions) or 'none'} |"
        for agent in source.agents
    ]
    return ["", "Who may change what lies outside this repository:", "",
            "| agent | permissions |", "|---|---|", *rows]  # fmt: skip


def shared_parts(source: Source) -> list[Part]:
    """What every agent needs."""
    return [
        Block("AGENTS.md", "\n".join(guidance(source))),
        WholeFile(HOOK, source.hook, executable=True),
        WholeFile(f"{_FOLDER}/.gitattributes", f"{_NAME} text eol=lf\n"),
    ]
