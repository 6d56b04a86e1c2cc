"""Factory's droid: Claude Code's form with tools of other names."""

from orchestra.coordination.hooks.dialects.claude import ClaudeDialect

FACTORY = ClaudeDialect(
    "factory",
    shells=frozenset({"Execute"}),
    edits=frozenset({"Edit", "MultiEdit", "Create", "Write", "ApplyPatch"}),
    web=frozenset({"FetchUrl", "WebSearch"}),
    separator="___",
)
