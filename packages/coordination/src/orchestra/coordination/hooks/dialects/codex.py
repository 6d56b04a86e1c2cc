"""Codex: Claude Code's form, taken by the letter; a key that its schema lacks makes an answer void."""

from orchestra.coordination.hooks.dialects.claude import ClaudeDialect

CODEX = ClaudeDialect(
    "codex",
    shells=frozenset({"Bash", "shell", "exec_command"}),
    edits=frozenset({"apply_patch", "Edit", "Write"}),
    web=frozenset({"web_search", "WebSearch", "WebFetch"}),
    lets_through=False,  # 0.169 calls such an answer unsupported, as it does `ask`
)
