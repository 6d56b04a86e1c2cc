"""Claude Code, and the form that Codex and Factory took over from it."""

from collections.abc import Iterator
from dataclasses import dataclass

from orchestra.coordination.hooks.dialects.dialect import paths_of_patch
from orchestra.coordination.hooks.event import Brand, HookEvent, Moment
from orchestra.coordination.hooks.payload import Payload, exit_code
from orchestra.shared.json import JsonObject

_MOMENTS: dict[str, Moment] = {
    "SessionStart": "started",
    "UserPromptSubmit": "prompt",
    "PreToolUse": "before",
    "PostToolUse": "after",
    "PostToolUseFailure": "after",
    "Stop": "stopped",
    "SessionEnd": "stopped",
}
_PATHS = ("file_path", "notebook_path", "path")
_OURS = "orchestra"


@dataclass(frozen=True, slots=True)
class ClaudeDialect:
    """Its events and answers, with the names that the agent's tools have."""

    brand: Brand
    shells: frozenset[str]
    edits: frozenset[str]
    web: frozenset[str]
    separator: str = "__"
    """Between the server and the tool in the name of an MCP tool."""
    lets_through: bool = True
    """Whether an answer can spare the agent its own question."""

    def read(self, payload: JsonObject) -> HookEvent | None:
        """The event, or None where it is not one that is answered."""
        said = Payload(payload)
        name = said.text("hook_event_name")
        session = said.session(self.brand, "session_id")
        moment = _MOMENTS.get(name)
        if moment is None:
            return None
        tool = said.text("tool_name") if moment in ("before", "after") else ""
        given = said.inside("tool_input") if tool else Payload({})
        is_shell = tool in self.shells
        return HookEvent(
            name=name,
            moment=moment,
            session=session,
            folder=said.text("cwd"),
            prompt=said.text("prompt") if moment == "prompt" else "",
            tool=tool,
            command=given.text("command", "cmd") if is_shell else None,
            paths=tuple(dict.fromkeys(self._paths(given))) if tool in self.edits else (),
            content="\0".join(given.texts()) if tool in self.edits else "",
            exit_code=self._exit_code(name, payload) if is_shell and moment == "after" else None,
            outside=self._outside(tool) if moment == "after" else None,
        )

    def told(self, event: HookEvent, text: str) -> JsonObject:
        """The text as additional context."""
        if not text or event.moment == "stopped":
            return {}
        said: JsonObject = {"hookEventName": event.name, "additionalContext": text}
        return {"hookSpecificOutput": said}

    def allowed(self, event: HookEvent, reason: str) -> JsonObject:
        """Let it through."""
        return self._decided(event, "allow", reason) if self.lets_through else {}

    def denied(self, event: HookEvent, reason: str) -> JsonObject:
        """Stop it."""
        return self._decided(event, "deny", reason)

    def _decided(self, event: HookEvent, decision: str, reason: str) -> JsonObject:
        return {
            "hookSpecificOutput": {
                "hookEventName": event.name,
                "permissionDecision": decision,
                "permissionDecisionReason": reason,
            }
        }

    def _paths(self, given: Payload) -> Iterator[str]:
        if path := given.text(*_PATHS):
            yield path
        for text in given.texts():
            if "*** Begin Patch" in text:
                yield from paths_of_patch(text)

    def _exit_code(self, name: str, payload: JsonObject) -> int:
        said = (
            payload.get("error") if name == "PostToolUseFailure" else payload.get("tool_response")
        )
        code = exit_code(said)
        if code is None:
            return int(name == "PostToolUseFailure")
        return code

    def _outside(self, tool: str) -> str | None:
        """What was read, if it was a page or another server's answer."""
        if tool in self.web:
            return f"it used {tool}"
        server, separator, _ = tool.removeprefix("mcp__").partition(self.separator)
        is_mcp = tool.startswith("mcp__") or (self.separator != "__" and bool(separator))
        return f"it used the MCP server {server[:60]}" if is_mcp and server != _OURS else None


CLAUDE = ClaudeDialect(
    "claude",
    shells=frozenset({"Bash"}),
    edits=frozenset({"Edit", "Write", "MultiEdit", "NotebookEdit"}),
    web=frozenset({"WebFetch", "WebSearch"}),
)
