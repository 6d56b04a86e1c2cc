"""Cursor: an event and an answer of its own form for each kind of call; an answer is never empty."""

from orchestra.coordination.hooks.event import HookEvent, Moment
from orchestra.coordination.hooks.payload import Payload, exit_code
from orchestra.shared.json import JsonObject

_MOMENTS: dict[str, Moment] = {
    "sessionStart": "started",
    "beforeSubmitPrompt": "prompt",
    "preToolUse": "before",
    "beforeShellExecution": "before",
    "beforeMCPExecution": "before",
    "postToolUse": "after",
    "postToolUseFailure": "after",
    "afterShellExecution": "after",
    "afterMCPExecution": "after",
    "afterFileEdit": "after",
    "stop": "stopped",
    "sessionEnd": "stopped",
}
_TAKES_TEXT = frozenset({"sessionStart", "beforeSubmitPrompt", "postToolUse", "postToolUseFailure"})
_SHELLS = frozenset({"Shell"})
_EDITS = frozenset({"Write", "Delete", "StrReplace", "EditNotebook"})
_WEB = frozenset({"WebFetch", "WebSearch"})
_OURS = "orchestra"


class CursorDialect:
    """Its events and answers."""

    def read(self, payload: JsonObject) -> HookEvent | None:
        """The event, or None where it is not one that is answered."""
        said = Payload(payload)
        name = said.text("hook_event_name")
        session = said.session("cursor", "conversation_id", "session_id")
        moment = _MOMENTS.get(name)
        if moment is None:
            return None
        tool = said.text("tool_name")
        is_mcp = name in ("beforeMCPExecution", "afterMCPExecution")
        given = Payload({}) if is_mcp else said.inside("tool_input")
        command = self._command(said, given, name, tool)
        edits = name == "afterFileEdit" or tool in _EDITS
        path = (given if tool in _EDITS else said).text("file_path", "path", "target_file")
        return HookEvent(
            name=name,
            moment=moment,
            session=session,
            folder=said.text("cwd") or self._root(payload),
            prompt=said.text("prompt") if moment == "prompt" else "",
            tool=tool,
            command=command,
            paths=(path,) if edits and path else (),
            content="\0".join(given.texts()) if edits else "",
            exit_code=exit_code(payload) if command is not None and moment == "after" else None,
            outside=self._outside(said, name, tool) if moment == "after" else None,
        )

    def told(self, event: HookEvent, text: str) -> JsonObject:
        """The text as additional context, where the event has a place for one."""
        going_on: JsonObject = {"continue": True} if event.moment == "prompt" else {}
        if not text or event.name not in _TAKES_TEXT:
            return going_on
        return {**going_on, "additional_context": text}

    def allowed(self, event: HookEvent, reason: str) -> JsonObject:  # noqa: ARG002 - it shows no reason for that
        """Let it through."""
        return {"permission": "allow"}

    def denied(self, event: HookEvent, reason: str) -> JsonObject:  # noqa: ARG002 - all deny alike
        """Stop it."""
        return {"permission": "deny", "user_message": reason, "agent_message": reason}

    def _command(self, said: Payload, given: Payload, name: str, tool: str) -> str | None:
        if name in ("beforeShellExecution", "afterShellExecution"):
            return said.text("command")
        return given.text("command") if tool in _SHELLS else None

    def _root(self, payload: JsonObject) -> str:
        roots = payload.get("workspace_roots")
        first = roots[0] if isinstance(roots, list) and roots else ""
        return first if isinstance(first, str) else ""

    def _outside(self, said: Payload, name: str, tool: str) -> str | None:
        if tool in _WEB:
            return f"it used {tool}"
        server = said.text("mcp_server_name")
        is_mcp = name == "afterMCPExecution" or tool.startswith("MCP:")
        return f"it used an MCP server, {server[:60]}" if is_mcp and server != _OURS else None


CURSOR = CursorDialect()
