"""Hooks as agents send them, to a running API."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from orchestra.api.testing import RunningApi

PRESET = (
    "context:read",
    "memory:read",
    "memory:write",
    "tasks:read",
    "tasks:write",
    "approvals:read",
    "hooks:write",
)
"""The scopes of an agent's key."""


@dataclass(frozen=True, slots=True)
class HookedApi:
    """A running API, and the repository that it serves."""

    api: RunningApi
    repository: Path

    async def agent(self, name: str, *scopes: str, kind: str = "agent") -> "HookingAgent":
        """An agent with a key of its own; the usual scopes unless others are named."""
        order = {"name": name, "kind": kind, "scopes": list(scopes or PRESET)}
        made = (await self.api.http.post("/api/v1/keys", json=order)).json()
        return HookingAgent(self, name, {"Authorization": f"Bearer {made['key']}"})


@dataclass(frozen=True, slots=True)
class HookingAgent:
    """An agent that reports by hooks."""

    served: HookedApi
    session: str
    """The session that is meant where none is named."""
    headers: dict[str, str]

    async def send(self, brand: str, payload: object) -> httpx2.Response:
        """What is answered to a payload."""
        path = f"/api/v1/hooks/{brand}"
        return await self.served.api.http.post(path, json=payload, headers=self.headers)

    async def answer(self, brand: str, payload: dict[str, Any]) -> dict[str, Any]:
        """The answer in the agent's own form; it has to be 200."""
        answer = await self.send(brand, payload)
        if answer.status_code != 200:
            raise AssertionError(f"{answer.status_code}: {answer.text}")
        said: dict[str, Any] = answer.json()
        return said

    async def runs(self, command: str, *, session: str = "", brand: str = "claude") -> str:
        """`allow`, `deny` and why, or nothing, for a command that is about to run."""
        said = await self.answer(brand, self.before(brand, command, session))
        if brand == "cursor":
            return f"{said.get('permission', '')} {said.get('agent_message', '')}".strip()
        decided = said.get("hookSpecificOutput", {})
        reason = decided.get("permissionDecisionReason", "")
        return f"{decided.get('permissionDecision', '')} {reason}".strip()

    def before(self, brand: str, command: str, session: str = "") -> dict[str, Any]:
        """What a brand sends before a command."""
        folder = str(self.served.repository)
        if brand == "cursor":
            return {
                "hook_event_name": "beforeShellExecution",
                "conversation_id": session or self.session,
                "command": command,
                "cwd": folder,
            }
        return {
            "hook_event_name": "PreToolUse",
            "session_id": session or self.session,
            "cwd": folder,
            "tool_name": "Execute" if brand == "factory" else "Bash",
            "tool_input": {"command": command},
        }

    def event(self, name: str, session: str = "", **fields: object) -> dict[str, Any]:
        """An event in the form that Claude Code, Codex and Factory share."""
        folder = str(self.served.repository)
        return {
            "hook_event_name": name,
            "session_id": session or self.session,
            "cwd": folder,
            **fields,
        }

    async def told(self, name: str, session: str = "", **fields: object) -> str:
        """What Claude Code is told at an event; empty when nothing."""
        said = await self.answer("claude", self.event(name, session, **fields))
        return str(said.get("hookSpecificOutput", {}).get("additionalContext", ""))
